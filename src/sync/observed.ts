/**
 * How an observer comes by the locks of its thread: each says on a channel that it was made. Nobody has to listen, and
 * what happens to a lock later costs nothing here.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
import { channel } from 'node:diagnostics_channel';
import type { MutexStats } from './mutex-stats.ts';

export interface ObservedLock {
  readonly name: string;
  readonly stats: MutexStats;
}

export interface ObservedSnapshots {
  readonly name: string;
  /** The current version; it grows by 2 and goes round at 2^32. */
  readonly version: () => number;
}

export const locksMade = channel('shared-state:lock');
export const snapshotsMade = channel('shared-state:snapshots');
