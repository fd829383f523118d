/**
 * Connections, unguarded: looks whether an id is there, awaits, then acts on what may be out of date by now.
 *
 * Guarantee: none. Of two who replace the same id both believe that they replaced what was there before, and a late
 * leave takes out the connection that came after.
 * Cost: registrations that were acknowledged and are not there.
 */
import { PreconditionFailedError } from '../../errors.ts';
import { memoryOnly } from '../../origin/write-through.ts';
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
    const { memory, settings, thread, origin } = context;
    const { table, repair } = sharedConnections(context);
    // Keeps the table's own chains whole, as any thread-safe map would. It does not span the awaits below.
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => repair(0),
    });

    const { sweep, reclaiming } = sweeping({ ...context, writeThrough: memoryOnly }, table, {
      inShard: (call) => (_shard, section) => mutex.run(section, call),
    });

    return {
      async register(id, registration, call) {
        const { replaced } = mutex.run(() => table.draft(id, registration), call); // look
        await origin.load(id, call); // await
        const { connection } = reclaiming(() => mutex.run(() => table.register(id, registration), call), call); // act
        return { connection, replaced };
      },

      heartbeat(id, epoch, call) {
        return mutex.run(() => table.heartbeat(id, epoch), call);
      },

      find(id, call) {
        return mutex.run(() => table.find(id), call);
      },

      async leave(id, epochs, call) {
        const seen = mutex.run(() => table.find(id), call); // look
        if (seen === undefined) return undefined;
        if (epochs !== '*' && !epochs.includes(seen.epoch)) throw new PreconditionFailedError(epochs, seen.epoch);
        await origin.load(id, call); // await
        mutex.run(() => table.leave(id, '*'), call); // act, whoever is there now
        return { holder: seen.holder };
      },

      list(request, call) {
        return mutex.run(() => pageOf(table, request), call);
      },

      rooms(call) {
        return mutex.run(() => roomSizes(table), call);
      },

      sweep,
    };
  },
};
