import { DIED, LOCK_WORDS, POISONED, REPAIRS } from '../sync/lock-line.ts';

/** What `recover` found in one cell, and did. */
export interface RecoveryReport {
  readonly locks: number;
  /** Locks that were poisoned. Each now lets its next owner repair the state again. */
  readonly unpoisoned: number;
  /** Locks whose last owner died; their next owner repairs, as it would have without `recover`. */
  readonly awaitingRepair: number;
  /** How often next owners have repaired since the start. */
  readonly repairs: number;
}

/** How often next owners of these locks have repaired since the start. */
export function repairsIn(locks: Int32Array): number {
  let repairs = 0;
  for (let line = 0; line < locks.length; line += LOCK_WORDS) repairs += Atomics.load(locks, line + REPAIRS);
  return repairs;
}

/** Lets the next owner of every poisoned lock try to repair what it guards. */
export function recoverLocks(locks: Int32Array): RecoveryReport {
  let unpoisoned = 0;
  let awaitingRepair = 0;
  for (let line = 0; line < locks.length; line += LOCK_WORDS) {
    if (Atomics.compareExchange(locks, line, POISONED, DIED) === POISONED) unpoisoned += 1;
    else if ((Atomics.load(locks, line) & DIED) !== 0) awaitingRepair += 1;
  }
  return { locks: locks.length / LOCK_WORDS, unpoisoned, awaitingRepair, repairs: repairsIn(locks) };
}
