/**
 * Counters, sharded: the key's hash picks one of N locks, so different keys rarely wait for each other.
 *
 * Guarantee: linearizable per key; a page is a consistent cut of each shard, not across shards, and `total` may lag.
 * Cost: one uncontended lock per call. A single hot key is as slow as one lock; a page takes every lock in turn, each for
 * its own counters of the page.
 */
import { increased, swapped, type Counters } from '../../resources/counters.ts';
import { Shards } from '../../sync/shards.ts';
import { sharedCounters, sharedCountersMemory } from '../counter-table.ts';
import type { Cell } from '../strategy.ts';

export const counters: Cell<Counters> = {
  memory: (settings) => sharedCountersMemory(settings, settings.SHARDS, settings.SHARDS),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const { records, table } = sharedCounters(context, settings.SHARDS);
    const shards = new Shards(memory.locks, settings.SHARDS, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: (shard) => records.repair(shard),
    });

    return {
      increment(key, by, call) {
        const mutex = shards.of(table.shardOf(key));
        const written = mutex.run(() => table.update(key, increased(by)), call); // the guard ends here
        return writeThrough.stored(key, written, call); // and only then do we wait
      },

      compareAndSet(key, expected, value, call) {
        const mutex = shards.of(table.shardOf(key));
        const written = mutex.run(() => table.update(key, swapped(expected, value)), call);
        return writeThrough.stored(key, written, call);
      },

      read(key, call) {
        const mutex = shards.of(table.shardOf(key));
        return mutex.run(() => table.read(key), call);
      },

      async delete(key, call) {
        const mutex = shards.of(table.shardOf(key));
        const written = mutex.run(() => table.remove(key), call);
        if (written === undefined) return false;
        await writeThrough.stored(key, written, call);
        return true;
      },

      list(request, call) {
        return table.page(request, (shard, read) => shards.of(shard).run(read, call));
      },

      restore(key, written) {
        const mutex = shards.of(table.shardOf(key));
        mutex.run(() => table.commit(key, written));
      },
    };
  },
};
