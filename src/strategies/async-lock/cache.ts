/**
 * Cache, async-lock: one asynchronous mutex guards all entries, and its guard is held while the origin is awaited.
 *
 * Guarantee: no read gets an older version than one that was seen or acknowledged before it began. Under the guard there is one load
 * at a time, so nothing need be collapsed or voided: who queued while another loaded finds a hit.
 * Cost: a hit of any key waits for the load of every other: with 5 ms of I/O some 190 misses a second, and all that
 * come between. A load ends with its caller's time, since the guard is the caller's.
 */
import { timed } from '../../origin/timed.ts';
import type { Cache } from '../../resources/cache.ts';
import { AsyncMutex } from '../../sync/async-mutex.ts';
import { HITS, MISSES, ORIGIN_LOADS } from '../cache-counts.ts';
import { openEntry, packEntry } from '../cache-entry.ts';
import { asOwner } from '../in-shard.ts';
import { sharedCache, sharedCacheMemory } from '../shared-cache.ts';
import type { Cell } from '../strategy.ts';

export const cache: Cell<Cache> = {
  memory: (settings) => sharedCacheMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread, documents, clock } = context;
    const { entries, table, counts } = sharedCache(context);
    const mutex = new AsyncMutex(memory.locks, 0, {
      name: context.name,
      ...thread,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      maxWaiting: settings.MAX_WAITING,
      repair: () => entries.repair(0),
    });

    return {
      async read(key, call) {
        await using _guard = await mutex.acquire(call);
        const seen = table.look(key);
        counts.add(typeof seen === 'string' ? MISSES : HITS);
        if (typeof seen !== 'string') {
          return { document: openEntry(seen, clock.nowMs()), status: 'hit', stored: false, collapsed: false };
        }
        counts.add(ORIGIN_LOADS);
        const { value, version } = await timed(call, documents.loadDocument(key, call)); // the guard is held while we wait
        if (value === undefined) return { document: undefined, status: seen, stored: false, collapsed: false };
        const entry = packEntry(key, { value, version, ttlMs: settings.CACHE_TTL_MS }, clock.nowMs());
        const stored = table.keep(key, entry, { isVoid: false }, asOwner);
        return { document: openEntry(entry, clock.nowMs()), status: seen, stored, collapsed: false };
      },

      async write(key, value, ttlMs, call) {
        await using _guard = await mutex.acquire(call);
        table.forget(key, asOwner); // first: nobody can know what the origin has if no answer comes
        const version = await timed(call, documents.storeDocument(key, value, call));
        table.put(key, packEntry(key, { value, version, ttlMs }, clock.nowMs()), asOwner);
      },

      async delete(key, call) {
        await using _guard = await mutex.acquire(call);
        table.forget(key, asOwner); // first, as in a write
        const { existed } = await timed(call, documents.deleteDocument(key, call));
        return existed;
      },

      async forget(key, call) {
        await using _guard = await mutex.acquire(call);
        table.forget(key, asOwner);
      },

      async clear(call) {
        await using _guard = await mutex.acquire(call);
        await table.clear(asOwner, call);
      },

      async stats(call) {
        await using _guard = await mutex.acquire(call);
        return table.stats();
      },
    };
  },
};
