/**
 * Cache, actor: one thread owns the entries and starts the loads; everyone else asks it, for hits too.
 *
 * Guarantee: no read gets an older version than one that was seen or acknowledged before it began; one load per key, because only the
 * owner loads. While a load is on its way it serves other messages.
 * Cost: a message and a reply per read, in which the body is copied twice more.
 */
import type { Cache } from '../../resources/cache.ts';
import type { Seen } from '../cache-table.ts';
import { asOwnerFor } from '../in-shard.ts';
import { localFlights, ReadThrough } from '../read-through.ts';
import { sharedCache, sharedCacheMemory } from '../shared-cache.ts';
import type { Cell } from '../strategy.ts';
import { askOwner } from './ask-owner.ts';

export const cache: Cell<Cache> = {
  memory: (settings) => sharedCacheMemory(settings, 0),

  /** In the owner thread: no lock, nobody else touches the entries. */
  own(context) {
    const { settings } = context;
    const { entries, table, counts, shown } = sharedCache(context);
    entries.repair(0); // what a dead predecessor left half-done
    const look = (key: string): Seen => {
      const seen = table.look(key);
      return typeof seen === 'string' ? seen : new Uint8Array(seen); // a pooled buffer travels with its whole pool
    };
    const through = new ReadThrough(context, {
      table,
      counts,
      shown,
      flights: localFlights(settings),
      look,
      inShard: asOwnerFor,
    });

    return {
      read(key, call) {
        const seen = look(key);
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
        return table.stats();
      },
    };
  },

  /** In every HTTP thread: messages. */
  attach(context) {
    const ask = askOwner<Cache>(context);

    return {
      read: (key, call) => ask('read', [key], call),
      write: (key, value, ttlMs, call) => ask('write', [key, value, ttlMs], call),
      delete: (key, call) => ask('delete', [key], call),
      forget: (key, call) => ask('forget', [key], call),
      clear: (call) => ask('clear', [], call),
      stats: (call) => ask('stats', [], call),
    };
  },
};
