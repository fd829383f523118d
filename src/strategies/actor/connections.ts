/**
 * Connections, actor: one thread owns the map; everyone else asks it.
 *
 * Guarantee: linearizable; a page is one consistent cut.
 * Cost: a message and a reply per call, heartbeats too. A page costs its own length, and the sizes of the rooms a word for
 * each connection that there may be: both are made at one go within their letter, so that the owner's turns, its mailbox's
 * bound and deadlines hold for them as for any other. No HTTP thread's event loop stands still meanwhile.
 */
import type { Connections } from '../../resources/connections.ts';
import { pageOf } from '../connection-listing.ts';
import { roomSizes } from '../connection-pages.ts';
import { sweeping } from '../connection-sweep.ts';
import { asOwnerFor } from '../in-shard.ts';
import { sharedConnections, sharedConnectionsMemory } from '../shared-connections.ts';
import type { Cell } from '../strategy.ts';
import { askOwner } from './ask-owner.ts';

export const connections: Cell<Connections> = {
  memory: (settings) => sharedConnectionsMemory(settings, 0),

  /** In the owner thread: no lock, nobody else touches the map. */
  own(context) {
    const { writeThrough } = context;
    const { table, repair } = sharedConnections(context);
    repair(0); // what a dead predecessor left half-done

    const { sweep, reclaiming } = sweeping(context, table, { inShard: asOwnerFor });

    return {
      async register(id, registration, call) {
        const { written, ...registered } = reclaiming(() => table.register(id, registration), call);
        await writeThrough.stored(id, written, call);
        return registered;
      },

      heartbeat(id, epoch) {
        return table.heartbeat(id, epoch);
      },

      find(id) {
        return table.find(id);
      },

      async leave(id, epochs, call) {
        const left = table.leave(id, epochs);
        if (left !== undefined) await writeThrough.stored(id, left.written, call);
        return left?.former;
      },

      list(request) {
        return pageOf(table, request);
      },

      rooms() {
        return roomSizes(table);
      },

      sweep,

      restore(id, written) {
        reclaiming(() => table.restore(id, written));
      },
    };
  },

  /** In every HTTP thread: messages. */
  attach(context) {
    const ask = askOwner<Connections>(context);

    return {
      register: (id, registration, call) => ask('register', [id, registration], call),
      heartbeat: (id, epoch, call) => ask('heartbeat', [id, epoch], call),
      find: (id, call) => ask('find', [id], call),
      leave: (id, epochs, call) => ask('leave', [id, epochs], call),
      list: (request, call) => ask('list', [request], call),
      rooms: (call) => ask('rooms', [], call),
      sweep: (limit, cursor, call) => ask('sweep', [limit, cursor], call),
    };
  },
};
