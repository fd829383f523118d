/** Adds up, per cell, what this thread sees of the cell's locks. Made before they are. */
import { subscribe } from 'node:diagnostics_channel';
import { locksMade, type ObservedLock, type ObservedSnapshots, snapshotsMade } from '../sync/observed.ts';
import { noStats } from '../sync/mutex-stats.ts';
import { type LockCounts, lockCounts } from './thread-gauges.ts';

export class LockWatch {
  readonly #byCell = new Map<string, ObservedLock['stats'][]>();
  readonly #snapshots: ObservedSnapshots[] = [];

  /** @param cells their names, `{strategy}/{resource}` */
  constructor(cells: readonly string[]) {
    for (const cell of cells) this.#byCell.set(cell, []);
    subscribe(locksMade.name, (message) => {
      const { name, stats } = message as ObservedLock;
      // A shard's lock is `cell[7]`. Locks below those of a cell are held for a few stores and have longer names.
      this.#byCell.get(name.replace(/\[\d+\]$/, ''))?.push(stats);
    });
    subscribe(snapshotsMade.name, (message) => this.#snapshots.push(message as ObservedSnapshots));
  }

  /** In the order of the cells. */
  counts(): LockCounts[] {
    return Array.from(this.#byCell.values(), (locks) => {
      const total = noStats();
      for (const stats of locks) for (const name of lockCounts) total[name] += stats[name];
      return total;
    });
  }

  /** Versions that were published since the start, modulo 2^31. */
  versions(): { readonly cell: string; readonly versions: number }[] {
    return this.#snapshots.map(({ name, version }) => ({ cell: name, versions: version() >>> 1 }));
  }
}
