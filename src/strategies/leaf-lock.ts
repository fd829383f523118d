/** What cells with several parts in their memory have in common: where the parts lie, and the parts' own locks. */
import { LEAF_TIMEOUT_MS, LOCK_WORDS } from '../sync/lock-line.ts';
import type { PoolLock } from '../sync/record-pool.ts';
import type { CellContext } from './strategy.ts';

export const MIB = 2 ** 20;
export const LINE_BYTES = 64;

/** So many bytes, up to the next cache line. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}

/** A lock that is taken last, for one part of a cell. @param fromEnd of the cell's locks: 1 is the last */
export function leafLock({ memory, thread, name }: CellContext, fromEnd: number, part: string): PoolLock {
  const line = memory.locks.length - fromEnd * LOCK_WORDS;
  const options = { name: `${name}/${part}`, slot: thread.slot, timeoutMs: LEAF_TIMEOUT_MS };
  return { locks: memory.locks, line, options };
}
