/**
 * Cache, snapshot: readers look up and copy in an immutable version; one writer at a time publishes the next.
 *
 * Guarantee: no read gets an older version than one that was seen or acknowledged before it began; one load per key across threads.
 * Cost: a hit takes no lock at all, however many write. A store copies some pages of the index in its turn, and those
 * of all keys wait for each other; what it replaces is freed by a later turn, when no reader is at a version with it.
 * While a reader stays behind a thousand versions, whoever writes, forgets or clears tries again between turns of the
 * event loop, and is told `LOCK_TIMEOUT` at its deadline, or after two seconds.
 */
import type { Cache } from '../../resources/cache.ts';
import { SnapshotCell } from '../../sync/snapshot-cell.ts';
import { SnapshotTable } from '../../sync/snapshot-table.ts';
import { CacheTable } from '../cache-table.ts';
import { ReadThrough } from '../read-through.ts';
import { cacheMemory, cacheParts, cacheRecords } from '../shared-cache.ts';
import { aligned } from '../leaf-lock.ts';
import type { Cell } from '../strategy.ts';
import { SnapshotEntries } from './snapshot-entries.ts';

export const cache: Cell<Cache> = {
  memory: (settings) => cacheMemory(settings, 1, indexBytes(cacheRecords(settings))),

  attach(context) {
    const { memory, settings, thread } = context;
    const capacity = cacheRecords(settings);
    const { arena, notes, counts, floors, shown, flights } = cacheParts(context, indexBytes(capacity));
    const snapshots = new SnapshotCell({
      data: memory.data,
      words: SnapshotTable.words(capacity),
      lock: { locks: memory.locks, line: 0 },
      name: context.name,
      slot: thread.slot,
      threads: thread.threads,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
    });
    const records = new SnapshotTable(snapshots, capacity, context.hashSeed);
    const usedAt = new Int32Array(memory.data, pagesBytes(capacity), capacity);
    const entries = new SnapshotEntries({
      snapshots,
      records,
      arena,
      notes,
      retired: (pagesBytes(capacity) + usedAtBytes(capacity)) / 4,
      usedAt,
      name: context.name,
      midway: context.lab.midway,
    });
    const table = new CacheTable(entries, counts, floors, context.clock);
    const look = (key: string) => snapshots.read(() => table.look(key));
    const through = new ReadThrough(context, {
      table,
      counts,
      shown,
      flights,
      look,
      inShard: (call) => (_shard, section) => entries.inTurn(section, call),
    });

    return {
      read(key, call) {
        const seen = look(key); // no guard
        return through.answer(key, seen, call);
      },

      write(key, value, ttlMs, call) {
        return through.write(key, value, ttlMs, call);
      },

      delete(key, call) {
        return through.delete(key, call);
      },

      forget(key, call) {
        return through.forget(key, call);
      },

      clear(call) {
        return through.clear(call);
      },

      stats() {
        entries.inTurn(() => 'refused'); // frees what has left, which would count as used
        return table.stats();
      },
    };
  },
};

/** The pages, then a word for each record, then what waits to be freed. */
function indexBytes(capacity: number): number {
  return pagesBytes(capacity) + usedAtBytes(capacity) + SnapshotEntries.retiredBytes;
}

function usedAtBytes(capacity: number): number {
  return aligned(capacity * 4);
}

function pagesBytes(capacity: number): number {
  return aligned(SnapshotCell.bytes({ words: SnapshotTable.words(capacity) }));
}
