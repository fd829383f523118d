/**
 * Cache, single-thread: a `Map` of what was loaded, and one of what is being loaded. No lock, no shared memory.
 *
 * Guarantee: no read gets an older version than one that was seen or acknowledged before it began; one load per key.
 * Cost: one thread. A hit copies nothing: everybody gets the same bytes.
 */
import type { Cache } from '../../resources/cache.ts';
import { CacheCounts } from '../cache-counts.ts';
import { asOwnerFor } from '../in-shard.ts';
import { localFlights, ReadThrough } from '../read-through.ts';
import { ShownVersions } from '../shown-versions.ts';
import type { Cell } from '../strategy.ts';
import { CacheMap } from './cache-map.ts';

export const cache: Cell<Cache> = {
  attach(context) {
    const { settings, thread, lab, hashSeed, clock } = context;
    const counts = new CacheCounts(new SharedArrayBuffer(CacheCounts.bytes), 0, thread.slot);
    const table = new CacheMap(settings.CACHE_MEMORY_MB * 2 ** 20, counts, lab.midway, clock);
    const through = new ReadThrough(context, {
      table,
      counts,
      shown: new ShownVersions(new SharedArrayBuffer(ShownVersions.bytes), 0, hashSeed),
      flights: localFlights(settings),
      look: (key) => table.look(key),
      inShard: asOwnerFor,
    });

    return {
      read(key, call) {
        return through.answer(key, table.look(key), call);
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
        return { ...table.size, ...counts.totals };
      },
    };
  },
};
