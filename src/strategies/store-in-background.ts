import { unhurried } from '../resources/call.ts';
import type { SweepBatch } from './connection-sweep.ts';
import type { CellContext } from './strategy.ts';

/**
 * Stores what nobody waits for: deletions of what time took out, and renewed leases. Whatever fails is sent again, and
 * the origin keeps the newest version of each key, so it does not matter when it arrives.
 *
 * @returns what is left to tell
 */
export function storeInBackground(
  { writeThrough }: CellContext,
  { cursor, swept, writes }: SweepBatch,
): Pick<SweepBatch, 'cursor' | 'swept'> {
  for (const { key, ...written } of writes) {
    Promise.resolve(writeThrough.stored(key, written, unhurried)).catch(() => {});
  }
  return { cursor, swept };
}
