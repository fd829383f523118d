/**
 * Connections, snapshot: readers look at an immutable version; one writer at a time publishes the next.
 *
 * Guarantee: linearizable; a page is one consistent cut, and no writer ever waits for it: what it may still look at is
 * freed later. While one page stays behind a thousand versions, or 8,192 connections that left, writes try again a
 * moment later, and are refused with `LOCK_TIMEOUT` in the end; no event loop waits meanwhile.
 * Cost: who registers or leaves copies some pages in its turn. A long page is made in slices, with turns of the event
 * loop between them, while nobody publishes: one that is overtaken begins anew, and the third time that this happens it
 * is made at one go. A heartbeat takes no turn and publishes nothing: when a connection was last seen is no part of a
 * version, but a word beside it that the heartbeat exchanges.
 */
import type { Connections } from '../../resources/connections.ts';
import { pageSteps } from '../connection-listing.ts';
import { sizeSteps } from '../connection-pages.ts';
import { sweeping } from '../connection-sweep.ts';
import type { Cell } from '../strategy.ts';
import { atOneVersion } from '../../sync/at-one-version.ts';
import { whenUnheld } from '../../sync/when-unheld.ts';
import { snapshotConnections, snapshotConnectionsMemory } from './connection-parts.ts';

export const connections: Cell<Connections> = {
  memory: snapshotConnectionsMemory,

  attach(context) {
    const { writeThrough } = context;
    const { snapshots, entries, table } = snapshotConnections(context);

    const { sweep, reclaiming } = sweeping(context, table, {
      inShard: (call) => (_shard, section) => entries.inTurn(section, call),
      looking: (look) => snapshots.read(look),
    });

    return {
      async register(id, registration, call) {
        const register = () => entries.inTurn(() => table.register(id, registration), call);
        const { written, ...registered } = await whenUnheld(() => reclaiming(register, call), call); // the turn ends here
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
        const left = await whenUnheld(() => entries.inTurn(() => table.leave(id, epochs), call), call);
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
        reclaiming(() => entries.inTurn(() => table.restore(id, written)));
      },
    };
  },
};
