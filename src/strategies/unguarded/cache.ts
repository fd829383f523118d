/**
 * Cache, unguarded: looks, awaits, then stores what it brought, whatever happened meanwhile.
 *
 * Guarantee: none. A load that began before a write stores the old value after it, where everybody finds it; and all
 * who miss at the same time load.
 * Cost: the wrong answer, and an origin that meets every stampede.
 */
import { timed } from '../../origin/timed.ts';
import type { Cache } from '../../resources/cache.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { HITS, MISSES, ORIGIN_LOADS } from '../cache-counts.ts';
import { openEntry, packEntry } from '../cache-entry.ts';
import type { Placed } from '../cache-table.ts';
import type { InShardFor } from '../in-shard.ts';
import { sharedCache, sharedCacheMemory } from '../shared-cache.ts';
import type { Cell } from '../strategy.ts';

export const cache: Cell<Cache> = {
  memory: (settings) => sharedCacheMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread, documents, clock } = context;
    const { entries, table, counts } = sharedCache(context);
    // Keeps the table's own chains whole, as any thread-safe map would. It does not span the awaits below.
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => entries.repair(0),
    });
    const inShard: InShardFor<Placed> = (call) => (_shard, section) => mutex.run(section, call);

    return {
      async read(key, call) {
        const seen = mutex.run(() => table.look(key), call); // look
        counts.add(typeof seen === 'string' ? MISSES : HITS);
        if (typeof seen !== 'string') {
          return { document: openEntry(seen, clock.nowMs()), status: 'hit', stored: false, collapsed: false };
        }
        counts.add(ORIGIN_LOADS);
        const { value, version } = await timed(call, documents.loadDocument(key, call)); // await
        if (value === undefined) return { document: undefined, status: seen, stored: false, collapsed: false };
        const entry = packEntry(key, { value, version, ttlMs: settings.CACHE_TTL_MS }, clock.nowMs());
        const stored = table.overwrite(key, entry, inShard(call)); // store what may be out of date by now
        return { document: openEntry(entry, clock.nowMs()), status: seen, stored, collapsed: false };
      },

      async write(key, value, ttlMs, call) {
        const version = await timed(call, documents.storeDocument(key, value, call));
        table.overwrite(key, packEntry(key, { value, version, ttlMs }, clock.nowMs()), inShard(call));
      },

      async delete(key, call) {
        const { existed } = await timed(call, documents.deleteDocument(key, call));
        table.forget(key, inShard(call));
        return existed;
      },

      forget(key, call) {
        table.forget(key, inShard(call));
      },

      clear(call) {
        return table.clear(inShard(call), call);
      },

      stats() {
        return table.stats();
      },
    };
  },
};
