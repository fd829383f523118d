/** Pitfalls of locks between threads, each thread's view of the memory in one place, so that nothing depends on timing. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LockTimeoutError, MisuseError } from '../../src/errors.ts';
import * as brokenWarehouse from '../../src/pitfalls/blocking-on-a-lock/broken.ts';
import * as fixedWarehouse from '../../src/pitfalls/blocking-on-a-lock/fixed.ts';
import * as brokenStock from '../../src/pitfalls/every-mutex-async/broken.ts';
import * as fixedStock from '../../src/pitfalls/every-mutex-async/fixed.ts';
import * as brokenHits from '../../src/pitfalls/guard-across-await/broken.ts';
import * as fixedHits from '../../src/pitfalls/guard-across-await/fixed.ts';
import { labMemory, LabSeat } from '../../src/pitfalls/lab-memory.ts';

describe('a guard held across an await', () => {
  it('broken: the next task of the same thread would wait for ever, and is told so', async () => {
    using seat = new LabSeat(labMemory(1), 0);
    const hits = new brokenHits.Hits(seat);
    const stored = Promise.withResolvers<void>();
    const first = hits.hit(() => stored.promise);
    await expect(hits.hit(() => stored.promise)).rejects.toThrow(MisuseError);
    stored.resolve();
    expect(await first).toBe(1);
    expect(await hits.hit(() => stored.promise)).toBe(2);
  });

  it('broken: another thread stands still until the origin has answered', async () => {
    const memory = labMemory(1);
    using seat = new LabSeat(memory, 0);
    using other = new LabSeat(memory, 1);
    const stored = Promise.withResolvers<void>();
    const first = new brokenHits.Hits(seat).hit(() => stored.promise);
    const peek = (): void => other.syncMutex().run(() => {}, { remainingMs: 0 });
    expect(peek).toThrow(LockTimeoutError);
    stored.resolve();
    await first;
    expect(peek).not.toThrow();
  });

  it('fixed: any number of tasks and threads wait for the origin together', async () => {
    const memory = labMemory(1);
    using seat = new LabSeat(memory, 0);
    using other = new LabSeat(memory, 1);
    const stored = Promise.withResolvers<void>();
    const threads = [new fixedHits.Hits(seat), new fixedHits.Hits(other)];
    const answers = [...threads, ...threads].map((hits) => hits.hit(() => stored.promise));
    stored.resolve();
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4]);
  });
});

describe('every mutex made async', () => {
  it('broken: a change in memory is a promise, and different items wait for each other', async () => {
    expect(await mostAnnouncedAtOnce(brokenStock)).toBe(1);
    using seat = new LabSeat(labMemory(1), 0);
    expect(new brokenStock.Stock(seat).add(0, 1)).toBeInstanceOf(Promise);
  });

  it('fixed: a change in memory is done when the method returns, and nobody waits', async () => {
    expect(await mostAnnouncedAtOnce(fixedStock)).toBe(8);
    using seat = new LabSeat(labMemory(1), 0);
    expect(new fixedStock.Stock(seat).add(0, 1)).toBe(1);
  });
});

describe('blocking an event loop on a contended lock', () => {
  it('broken: whoever wants the lock waits for the whole report', () => {
    expect(levelDuringReport(brokenWarehouse)).toBeInstanceOf(LockTimeoutError);
  });

  it('fixed: the lock is free while the report is written', () => {
    expect(levelDuringReport(fixedWarehouse)).toBe(7);
  });
});

/** @returns how many announcements of different items were ever under way at once */
async function mostAnnouncedAtOnce({ Stock }: typeof brokenStock | typeof fixedStock) {
  using seat = new LabSeat(labMemory(8), 0);
  const stock = new Stock(seat);
  let [underWay, most] = [0, 0];
  const announce = async (): Promise<void> => {
    most = Math.max(most, ++underWay);
    await nextTurn();
    underWay -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, (_, item) => stock.restock(item, 1, announce)));
  expect([...seat.words]).toEqual(Array.from({ length: 8 }, () => 1));
  return most;
}

/** @returns what another thread gets that asks for a level in the middle of a report, if it does not wait */
function levelDuringReport({ Warehouse }: typeof brokenWarehouse | typeof fixedWarehouse) {
  const memory = labMemory(1);
  using seat = new LabSeat(memory, 0);
  using other = new LabSeat(memory, 1);
  seat.words[0] = 7;
  const mutex = other.syncMutex();
  let level: unknown;
  const text = new Warehouse(seat).report((levels) => {
    try {
      level = mutex.run(() => other.words[0]!, { remainingMs: 0 });
    } catch (error) {
      level = error;
    }
    return levels.join();
  });
  expect(text).toBe('7');
  return level;
}
