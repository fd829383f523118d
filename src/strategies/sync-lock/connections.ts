/**
 * Connections, sync-lock: one blocking mutex guards the map and its rooms.
 *
 * Guarantee: linearizable; a page is one consistent cut.
 * Cost: a page, which costs its own length, or the sizes of all rooms are made in one critical section; every other thread
 * that wants the map stands still meanwhile, with all its requests.
 */
import type { Connections } from '../../resources/connections.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { pageOf } from '../connection-listing.ts';
import { roomSizes } from '../connection-pages.ts';
import { sweeping } from '../connection-sweep.ts';
import { sharedConnections, sharedConnectionsMemory } from '../shared-connections.ts';
import type { Cell } from '../strategy.ts';

export const connections: Cell<Connections> = {
  memory: (settings) => sharedConnectionsMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const { table, repair } = sharedConnections(context);
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => repair(0),
    });

    const { sweep, reclaiming } = sweeping(context, table, {
      inShard: (call) => (_shard, section) => mutex.run(section, call),
    });

    return {
      async register(id, registration, call) {
        const { written, ...registered } = reclaiming(
          () => mutex.run(() => table.register(id, registration), call),
          call,
        ); // the guard ends here
        await writeThrough.stored(id, written, call); // and only then do we wait
        return registered;
      },

      heartbeat(id, epoch, call) {
        return mutex.run(() => table.heartbeat(id, epoch), call);
      },

      find(id, call) {
        return mutex.run(() => table.find(id), call);
      },

      async leave(id, epochs, call) {
        const left = mutex.run(() => table.leave(id, epochs), call);
        if (left !== undefined) await writeThrough.stored(id, left.written, call);
        return left?.former;
      },

      list(request, call) {
        return mutex.run(() => pageOf(table, request), call);
      },

      rooms(call) {
        return mutex.run(() => roomSizes(table), call);
      },

      sweep,

      restore(id, written) {
        reclaiming(() => mutex.run(() => table.restore(id, written)));
      },
    };
  },
};
