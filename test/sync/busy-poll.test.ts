import { availableParallelism } from 'node:os';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { BusyPoll, busyPollMs } from '../../src/sync/busy-poll.ts';

const FOR_MS = 10;
const BATCH = 32;

let nowMs = 0;
let scheduled: (() => void)[] = [];
beforeEach(() => {
  nowMs = 1_000;
  scheduled = [];
  const now = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const immediate = vi.spyOn(globalThis, 'setImmediate').mockImplementation(((turn: () => void) => {
    scheduled.push(turn);
  }) as unknown as typeof setImmediate);
  return () => {
    now.mockRestore();
    immediate.mockRestore();
  };
});

/** One turn of the event loop, after so long. */
function turnAfter(elapsedMs: number): void {
  nowMs += elapsedMs;
  for (const turn of scheduled.splice(0)) turn();
}

function isAwake(): boolean {
  return scheduled.length > 0;
}

/** How long it does not poll after a message that did not come. */
function pauseAfterMiss(poll: BusyPoll): number {
  poll.expect(BATCH);
  turnAfter(FOR_MS);
  for (let pauseMs = 0; ; pauseMs += FOR_MS) {
    poll.expect(BATCH);
    if (isAwake()) {
      poll.arrived();
      turnAfter(0);
      return pauseMs;
    }
    nowMs += FOR_MS;
  }
}

describe('a busy poll', () => {
  it('turns the event loop, once per turn, until the message has come', () => {
    const poll = new BusyPoll(FOR_MS);
    poll.expect(BATCH);
    turnAfter(1);
    poll.expect(BATCH); // one more is due: still one turn at a time
    expect(scheduled).toHaveLength(1);
    turnAfter(FOR_MS - 1);
    expect(isAwake()).toBe(true);
    poll.arrived();
    turnAfter(0);
    expect(isAwake()).toBe(false);
  });

  it('lets the event loop sleep once the message is late', () => {
    const poll = new BusyPoll(FOR_MS);
    poll.expect(BATCH);
    turnAfter(FOR_MS);
    expect(isAwake()).toBe(false);
  });

  it('pauses ten times as long as it polled in vain, and begins anew when a message came in time', () => {
    const poll = new BusyPoll(FOR_MS);
    expect(pauseAfterMiss(poll)).toBe(10 * FOR_MS);
    expect(pauseAfterMiss(poll)).toBe(10 * FOR_MS);
  });

  it('pauses twice as long after each miss in a row, up to a limit', () => {
    const poll = new BusyPoll(FOR_MS);
    const pauses: number[] = [];
    let lastMissMs = 0;
    for (let miss = 0; miss < 8; miss++) {
      while (!isAwake()) {
        nowMs += FOR_MS;
        poll.expect(BATCH);
      }
      if (lastMissMs > 0) pauses.push((nowMs - lastMissMs) / FOR_MS);
      turnAfter(FOR_MS);
      lastMissMs = nowMs;
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 320]);
  });

  it('takes a message that comes during the pause for no success', () => {
    const poll = new BusyPoll(FOR_MS);
    poll.expect(BATCH);
    turnAfter(FOR_MS);
    poll.arrived();
    poll.expect(BATCH);
    expect(isAwake()).toBe(false);
  });

  it('does nothing for a few messages', () => {
    new BusyPoll(FOR_MS).expect(7);
    expect(isAwake()).toBe(false);
  });

  it('does nothing when it may not poll at all', () => {
    new BusyPoll(0).expect(BATCH);
    expect(isAwake()).toBe(false);
  });
});

describe('how long to poll', () => {
  it('is nothing where threads share cores', () => {
    expect(busyPollMs(availableParallelism())).toBeGreaterThan(0);
    expect(busyPollMs(availableParallelism() + 1)).toBe(0);
  });
});
