/**
 * Connections, async-lock: one asynchronous mutex guards the map, and its guard is held while the origin stores.
 *
 * Guarantee: linearizable; a page is one consistent cut; nobody sees a registration that is not stored.
 * Cost: with write-through, heartbeats and lookups of everybody queue behind each registration's I/O. A page costs its own
 * length, and the sizes of the rooms a word for each connection that there may be: both are made at one go, since a guard
 * that is kept while the event loop turns is kept for as long as the loop has other things to do.
 */
import type { Connections } from '../../resources/connections.ts';
import { AsyncMutex } from '../../sync/async-mutex.ts';
import { pageOf } from '../connection-listing.ts';
import { roomSizes } from '../connection-pages.ts';
import { sweeping } from '../connection-sweep.ts';
import { asOwnerFor } from '../in-shard.ts';
import { sharedConnections, sharedConnectionsMemory } from '../shared-connections.ts';
import type { Cell } from '../strategy.ts';
import { StoreFirst } from './store-first.ts';

export const connections: Cell<Connections> = {
  memory(settings) {
    const { locks, bytes } = sharedConnectionsMemory(settings, 1);
    return { locks, bytes: bytes + StoreFirst.bytes };
  },

  attach(context) {
    const { memory, settings, thread, origin } = context;
    const { table, repair } = sharedConnections(context);
    const mutex = new AsyncMutex(memory.locks, 0, {
      name: context.name,
      ...thread,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      maxWaiting: settings.MAX_WAITING,
      repair: () => repair(0),
    });
    const through = settings.WRITE_THROUGH ? origin : undefined;
    const stored = new StoreFirst(memory.data, memory.data.byteLength - StoreFirst.bytes, through, table);

    // Under the guard.
    const { sweep, reclaiming } = sweeping(context, table, { inShard: asOwnerFor });

    return {
      async register(id, registration, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        const { written, replaced } = reclaiming(() => {
          const drafted = table.draft(id, registration); // after what leaves, so that its version is the newest
          table.assertFits(id, drafted.written);
          return drafted;
        }, call);
        await stored.commit(id, written, call); // the guard is held while we wait
        return { connection: table.connectionAt(table.entries.find(id), id), replaced }; // expired by now, perhaps
      },

      async heartbeat(id, epoch, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return table.heartbeat(id, epoch);
      },

      async find(id, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return table.find(id);
      },

      async leave(id, epochs, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        const drafted = table.draftLeave(id, epochs);
        if (drafted === undefined) return undefined;
        await stored.commit(id, drafted.written, call);
        return drafted.former;
      },

      async list(request, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return pageOf(table, request);
      },

      async rooms(call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return roomSizes(table);
      },

      async sweep(limit, cursor, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return sweep(limit, cursor, call);
      },

      restore(id, written) {
        reclaiming(() => table.restore(id, written));
      },
    };
  },
};
