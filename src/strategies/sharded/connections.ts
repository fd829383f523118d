/**
 * Connections, sharded: the id's hash picks one of N locks, and each shard has rooms of its own.
 *
 * Guarantee: linearizable per connection; a page, or the sizes of rooms, is a consistent cut of each shard, not across
 * shards. Never two locks at once, so there is no order in which to take them.
 * Cost: whoever registers, beats, looks up or leaves takes one lock that other ids rarely want. A room is spread over
 * all shards by its members' ids: to list one takes every lock in turn, each for its part of the page.
 */
import type { Connections } from '../../resources/connections.ts';
import { Shards } from '../../sync/shards.ts';
import type { WaitOptions } from '../../sync/wait.ts';
import { pageByShards } from '../connection-listing.ts';
import { sizesByShards } from '../connection-pages.ts';
import { sweeping } from '../connection-sweep.ts';
import type { InShard } from '../in-shard.ts';
import { sharedConnections, sharedConnectionsMemory } from '../shared-connections.ts';
import { inSlices } from '../../sync/steps.ts';
import type { Cell } from '../strategy.ts';

export const connections: Cell<Connections> = {
  memory: (settings) => sharedConnectionsMemory(settings, settings.SHARDS, settings.SHARDS),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const { table, repair } = sharedConnections(context, settings.SHARDS);
    const shards = new Shards(memory.locks, settings.SHARDS, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair,
    });
    const inShard =
      (call?: WaitOptions): InShard =>
      (shard, section) =>
        shards.of(shard).run(section, call);

    const { sweep, reclaiming } = sweeping(context, table, { inShard });

    return {
      async register(id, registration, call) {
        const mutex = shards.of(table.shardOf(id));
        const { written, ...registered } = reclaiming(
          () => mutex.run(() => table.register(id, registration), call),
          call,
        ); // the guard ends here
        await writeThrough.stored(id, written, call); // and only then do we wait
        return registered;
      },

      heartbeat(id, epoch, call) {
        const mutex = shards.of(table.shardOf(id));
        return mutex.run(() => table.heartbeat(id, epoch), call);
      },

      find(id, call) {
        const mutex = shards.of(table.shardOf(id));
        return mutex.run(() => table.find(id), call);
      },

      async leave(id, epochs, call) {
        const mutex = shards.of(table.shardOf(id));
        const left = mutex.run(() => table.leave(id, epochs), call);
        if (left !== undefined) await writeThrough.stored(id, left.written, call);
        return left?.former;
      },

      list(request, call) {
        return inSlices(pageByShards(table, request, settings.SHARDS, inShard(call)), call);
      },

      rooms(call) {
        return inSlices(sizesByShards(table, settings.SHARDS, inShard(call)), call);
      },

      sweep,

      restore(id, written) {
        const mutex = shards.of(table.shardOf(id));
        reclaiming(() => mutex.run(() => table.restore(id, written)));
      },
    };
  },
};
