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
  ringWaiting,
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

/** Positions that wait for a lock, and a table that writes down which are rung. */
function ringing(waiting: readonly number[], onRing: (position: number) => void) {
  const locks = newLocks(1);
  const rung: number[] = [];
  const threads = newTable(waiting);
  for (const position of waiting) setWaiting(locks, 0, position, true);
  threads.ring = (position) => {
    rung.push(position);
    if (rung.length > 100) throw new Error('it rings for ever');
    onRing(position);
  };
  return { locks, rung, threads };
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

describe('ringWaiting', () => {
  it('rings everybody who waits once, beginning after a position', () => {
    const { locks, rung, threads } = ringing([1, 5, 40], () => {});
    ringWaiting(locks, 0, 5, threads);
    expect(rung).toEqual([40, 1, 5]);
  });

  it('ends although the first one stops waiting meanwhile', () => {
    const { locks, rung, threads } = ringing([1, 5, 40], (position) => {
      if (position === 1) setWaiting(locks, 0, 1, false);
    });
    ringWaiting(locks, 0, 0, threads);
    expect(rung).toEqual([1, 5, 40]);
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
