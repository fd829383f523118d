/**
 * Cache, sync-lock: one blocking mutex guards all entries; every guard ends before the origin is awaited.
 *
 * Guarantee: no read gets an older version than one that was seen or acknowledged before it began; one load per key across threads.
 * Cost: a hit is one lock and a copy, and the copy is made inside the lock, since the bytes are anybody's after it.
 */
import type { Cache } from '../../resources/cache.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import type { WaitOptions } from '../../sync/wait.ts';
import { ReadThrough } from '../read-through.ts';
import { sharedCache, sharedCacheMemory } from '../shared-cache.ts';
import type { Cell } from '../strategy.ts';

export const cache: Cell<Cache> = {
  memory: (settings) => sharedCacheMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread } = context;
    const { entries, table, counts, shown, flights } = sharedCache(context);
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => entries.repair(0),
    });
    const look = (key: string, call?: WaitOptions) => mutex.run(() => table.look(key), call);
    const through = new ReadThrough(context, {
      table,
      counts,
      shown,
      flights,
      look,
      inShard: (call) => (_shard, section) => mutex.run(section, call),
    });

    return {
      read(key, call) {
        const seen = look(key, call); // the guard ends here
        return through.answer(key, seen, call); // and only then do we wait
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
        return table.stats();
      },
    };
  },
};
