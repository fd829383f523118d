/** What many who wait at once cost the event loop: counted, not timed. */
import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { array, assert, integer, property } from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { unwatchSignal, watchSignal } from '../../src/sync/abort-signals.ts';
import { Deadlines, EXPIRED_PER_TURN, Expiring } from '../../src/sync/deadlines.ts';
import { Oneshot } from '../../src/sync/oneshot.ts';
import { TOLD_PER_TURN, WaitQueue } from '../../src/sync/wait-queue.ts';
import { settledByTurn } from '../support/settled-by-turn.ts';

const MANY = 10_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('many who wait with one signal', () => {
  it('hang on one listener, of whichever queue they are, and leave none behind', async () => {
    const abort = new AbortController();
    const queues = Array.from({ length: 100 }, () => new WaitQueue<void>());
    const waits = Array.from({ length: MANY }, (_, index) =>
      queues[index % queues.length]!.wait({ signal: abort.signal }, Infinity, () => new Error('late')),
    );
    const reply = new Oneshot<void>();
    reply.watch(abort.signal, (reason) => reply.reject(reason));
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    const reason = new Error('gone');
    abort.abort(reason);
    const outcomes = await Promise.allSettled([...waits, reply.promise]);
    expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason === reason)).toBe(true);
    expect(queues.every(({ size }) => size === 0)).toBe(true);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  it('are told once, but for those that have stopped watching by then', () => {
    const abort = new AbortController();
    const told: string[] = [];
    const second = { onAbort: () => told.push('second') };
    const first = {
      onAbort() {
        told.push('first');
        unwatchSignal(abort.signal, second);
      },
    };
    for (const watcher of [first, second, first]) watchSignal(abort.signal, watcher);
    abort.abort();
    expect(told).toEqual(['first']);
    unwatchSignal(abort.signal, first);
  });
});

describe('many whose time is over at once', () => {
  it('expire some in each turn of the event loop', async () => {
    const queue = new WaitQueue<void>();
    const nowMs = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(nowMs);
    const waits = Array.from({ length: MANY }, () => queue.wait(undefined, 1, () => new Error('late')));
    const turns = settledByTurn(waits);
    clock.mockReturnValue(nowMs + 5);
    expect(Math.max(...(await turns))).toBeLessThanOrEqual(EXPIRED_PER_TURN);
    expect(queue.size).toBe(0);
  });

  it('are not served, though their error has yet to come', async () => {
    const queue = new WaitQueue<string>();
    const nowMs = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(nowMs);
    const late = queue.wait(undefined, 1_000, () => new Error('late'));
    const inTime = queue.wait(undefined, 9_000, () => new Error('late'));
    clock.mockReturnValue(nowMs + 2_000);
    queue.shift()!.resolve('served');
    expect(queue.shift()).toBeUndefined();
    expect(await inTime).toBe('served');
    await expect(late).rejects.toThrow('late');
  });
});

describe('many who are told the same', () => {
  it.for(['resolveAll', 'rejectAll'] as const)('go on some in each turn of the event loop: %s', async (tell) => {
    const queue = new WaitQueue<unknown>();
    const waits = Array.from({ length: 1_000 }, () => queue.wait(undefined, Infinity, () => new Error('late')));
    const turns = settledByTurn(waits);
    queue[tell]('told');
    expect(queue.size).toBe(0);
    expect(Math.max(...(await turns))).toBeLessThanOrEqual(TOLD_PER_TURN);
  });

  it('may leave meanwhile, and whoever comes meanwhile is not told', async () => {
    const queue = new WaitQueue<string>();
    const abort = new AbortController();
    const waits = Array.from({ length: TOLD_PER_TURN }, () => queue.wait(undefined, Infinity, () => new Error('late')));
    const leaving = queue.wait({ signal: abort.signal }, Infinity, () => new Error('late'));
    queue.resolveAll('told');
    const later = queue.wait(undefined, Infinity, () => new Error('late'));
    abort.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    await Promise.all(waits);
    await nextTurn();
    expect(queue.size).toBe(1);
    queue.shift()!.resolve('alone');
    expect(await later).toBe('alone');
  });
});

describe('deadlines', () => {
  class Late extends Expiring {
    readonly untilMs: number;
    readonly #expired: number[];

    constructor(untilMs: number, expired: number[]) {
      super();
      this.untilMs = untilMs;
      this.#expired = expired;
    }

    expire(): void {
      this.#expired.push(this.untilMs);
    }
  }

  it('expire in their order, but for those that were taken out', () => {
    vi.useFakeTimers();
    assert(
      property(
        array(integer({ min: 0, max: 300 }), { maxLength: 200 }),
        array(integer({ min: 0, max: 199 })),
        (due, out) => {
          const deadlines = new Deadlines();
          const expired: number[] = [];
          const startMs = performance.now();
          const waiting = due.map((ms) => new Late(startMs + ms, expired));
          for (const each of waiting) deadlines.add(each);
          const removed = new Set(out.filter((index) => index < waiting.length));
          for (const index of removed) deadlines.remove(waiting[index]!);
          vi.advanceTimersByTime(1_000);
          const kept = waiting.filter((_, index) => !removed.has(index)).map(({ untilMs }) => untilMs);
          expect(expired).toEqual(kept.toSorted((a, b) => a - b));
        },
      ),
    );
  });

  it('that are endless take no timer', () => {
    vi.useFakeTimers();
    new Deadlines().add(new Late(Infinity, []));
    expect(vi.getTimerCount()).toBe(0);
  });
});
