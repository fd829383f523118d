/**
 * Connections, snapshot: readers look at an immutable version; one writer at a time publishes the next.
 *
 * Guarantee: linearizable; a page is one consistent cut, and no writer ever waits for it: what it may still look at is
 * freed later. While one page stays behind a thousand versions, or 8,192 connections that left, writes are refused at
 * once with `LOCK_TIMEOUT`.
 * Cost: who registers or leaves copies some pages in its turn. A long page is made in slices, with turns of the event
 * loop between them, while nobody publishes: one that is overtaken begins anew, and the third time that this happens it
 * is made at one go. A heartbeat takes no turn and publishes nothing: when a connection was last seen is no part of a
 * version, but a word beside it that the heartbeat exchanges.
 */
import type { Connections } from '../../resources/connections.ts';
import { pageSteps } from '../connection-listing.ts';
import { sizeSteps, sweepBatch, withRoom } from '../connection-pages.ts';
import type { InShard } from '../in-shard.ts';
import { storeInBackground } from '../store-in-background.ts';
import type { Cell } from '../strategy.ts';
import { atOneVersion } from '../../sync/at-one-version.ts';
import { snapshotConnections, snapshotConnectionsMemory } from './connection-parts.ts';

export const connections: Cell<Connections> = {
  memory: snapshotConnectionsMemory,

  attach(context) {
    const { settings, writeThrough } = context;
    const { snapshots, entries, table } = snapshotConnections(context);
    const inTurn: InShard = (_shard, section) => entries.inTurn(section);

    const sweep = (limit: number, cursor: number) =>
      storeInBackground(
        context,
        sweepBatch(table, { limit, cursor, renews: settings.WRITE_THROUGH }, inTurn, (look) => snapshots.read(look)),
      );

    return {
      async register(id, registration, call) {
        const { written, ...registered } = withRoom(
          () => entries.inTurn(() => table.register(id, registration), call),
          sweep,
        ); // the turn ends here
        await writeThrough.stored(id, written, call); // and only then do we wait
        return registered;
      },

      heartbeat(id, epoch) {
        return snapshots.read(() => table.heartbeat(id, epoch));
      },

      find(id) {
        return snapshots.read(() => table.find(id));
      },

      async leave(id, epochs, call) {
        const left = entries.inTurn(() => table.leave(id, epochs), call);
        if (left !== undefined) await writeThrough.stored(id, left.written, call);
        return left?.former;
      },

      list(request, call) {
        return atOneVersion(snapshots, () => pageSteps(table, request), call);
      },

      rooms(call) {
        return atOneVersion(snapshots, () => sizeSteps(table), call);
      },

      sweep,

      restore(id, written) {
        withRoom(() => entries.inTurn(() => table.restore(id, written)), sweep);
      },
    };
  },
};
