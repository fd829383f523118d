/**
 * Cache, sharded: the key's hash picks one of N locks; memory is common to all, so any shard's entries may leave.
 *
 * Guarantee: no read gets an older version than one that was seen or acknowledged before it began; one load per key across threads.
 * Cost: a hit is one lock, that keys of other shards do not take, and a copy inside it. Who needs room looks for the
 * oldest without a lock, then takes that entry's lock, and no two at once.
 */
import type { Cache } from '../../resources/cache.ts';
import { Shards } from '../../sync/shards.ts';
import type { WaitOptions } from '../../sync/wait.ts';
import { ReadThrough } from '../read-through.ts';
import { sharedCache, sharedCacheMemory } from '../shared-cache.ts';
import type { Cell } from '../strategy.ts';

export const cache: Cell<Cache> = {
  memory: (settings) => sharedCacheMemory(settings, settings.SHARDS, settings.SHARDS),

  attach(context) {
    const { memory, settings, thread } = context;
    const { entries, table, counts, shown, flights } = sharedCache(context, settings.SHARDS);
    const shards = new Shards(memory.locks, settings.SHARDS, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: (shard) => entries.repair(shard),
    });
    const look = (key: string, call?: WaitOptions) => shards.of(table.shardOf(key)).run(() => table.look(key), call);
    const through = new ReadThrough(context, {
      table,
      counts,
      shown,
      flights,
      look,
      inShard: (call) => (shard, section) => shards.of(shard).run(section, call),
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
