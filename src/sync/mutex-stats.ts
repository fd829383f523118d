/** One hold in so many is timed: two clock reads on every call cost three times the lock. */
export const SAMPLE_EVERY = 64;

/** What one thread saw of a mutex. Waits are timed when there was one; holds one time in 64. */
export interface MutexStats {
  runs: number;
  waits: number;
  waitedMs: number;
  holdsSampled: number;
  heldMsSampled: number;
}

export function noStats(): MutexStats {
  return { runs: 0, waits: 0, waitedMs: 0, holdsSampled: 0, heldMsSampled: 0 };
}
