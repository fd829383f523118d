import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abandon,
  CONTENDED,
  DIED,
  LOCK_WORDS,
  nextWaiting,
  ownedBy,
  ownerOf,
  setWaiting,
} from '../../src/sync/lock-line.ts';
import { MAX_THREADS, ThreadTable } from '../../src/sync/thread-table.ts';

function newTable(living: readonly number[]): ThreadTable {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  for (const position of living) threads.enter(ThreadTable.slot(position, 0));
  return threads;
}

function newLocks(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * LOCK_WORDS * 4));
}

describe('nextWaiting', () => {
  const positions = fc.uniqueArray(fc.nat(MAX_THREADS - 1));

  it('is the first living position with waiters after one, going round', () => {
    fc.assert(
      fc.property(positions, positions, fc.nat(MAX_THREADS - 1), (living, waiting, from) => {
        const locks = newLocks(1);
        for (const position of waiting) setWaiting(locks, 0, position, true);
        const round = Array.from({ length: MAX_THREADS }, (_, step) => (from + 1 + step) % MAX_THREADS);
        const expected = round.find((position) => waiting.includes(position) && living.includes(position)) ?? -1;
        expect(nextWaiting(locks, 0, from, newTable(living))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('forgets who no longer waits', () => {
    fc.assert(
      fc.property(positions, (waiting) => {
        const locks = newLocks(1);
        for (const position of waiting) setWaiting(locks, 0, position, true);
        for (const position of waiting) setWaiting(locks, 0, position, false);
        expect([...locks]).toEqual([...newLocks(1)]);
      }),
    );
  });
});

describe('abandon', () => {
  const dead = ThreadTable.slot(3, 7);
  const living = ThreadTable.slot(1, 0);

  it('frees what the dead thread held, marked for repair, and leaves the rest alone', () => {
    const threads = newTable([1]);
    const locks = newLocks(4);
    locks[0] = ownedBy(dead) | CONTENDED;
    locks[LOCK_WORDS] = ownedBy(living) | CONTENDED;
    locks[3 * LOCK_WORDS] = ownedBy(dead);
    setWaiting(locks, LOCK_WORDS, 3, true);
    setWaiting(locks, LOCK_WORDS, 1, true);

    expect(abandon(locks, dead, threads)).toBe(2);

    const states = [0, 1, 2, 3].map((lock) => locks[lock * LOCK_WORDS]);
    expect(states).toEqual([DIED, ownedBy(living) | CONTENDED, 0, DIED]);
    expect(nextWaiting(locks, LOCK_WORDS, 1, newTable([1, 3]))).toBe(1);
  });

  it('frees what a thread holds that was buried before', () => {
    const locks = newLocks(1);
    locks[0] = ownedBy(ThreadTable.slot(2, 0));
    expect(abandon(locks, dead, newTable([1]))).toBe(1);
    expect(locks[0]).toBe(DIED);
  });

  it('does not take a later life at the same position for the dead one', () => {
    const threads = newTable([1]);
    const next = ThreadTable.slot(3, 8);
    threads.enter(next);
    const locks = newLocks(1);
    locks[0] = ownedBy(next);
    expect(abandon(locks, dead, threads)).toBe(0);
    expect(ownerOf(locks[0])).toBe(next);
  });
});
