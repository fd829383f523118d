import type { OriginWrite } from '../origin/origin.ts';
import { unhurried } from '../resources/call.ts';
import type { CellContext } from './strategy.ts';

/**
 * Stores what nobody waits for: deletions of what time took out, and renewed leases. Whatever fails is sent again, and
 * the origin keeps the newest version of each key, so it does not matter when it arrives.
 */
export function storeInBackground({ writeThrough }: CellContext, writes: readonly OriginWrite[]): void {
  for (const { key, ...written } of writes) {
    Promise.resolve(writeThrough.stored(key, written, unhurried)).catch(() => {});
  }
}
