/** A connection map that breaks its promises as a careless one would: see `brokenStrategy`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection, Connections } from '../../src/resources/connections.ts';
import type { Cell } from '../../src/strategies/strategy.ts';

export const brokenConnections: Cell<Connections> = {
  attach({ settings }) {
    const kept = new Map<string, Connection>(); // each thread has its own, however many
    let sizes: { room: string; connections: number }[] = [];

    return {
      async register(id, registration) {
        await nextTurn();
        const trimmed = id.trimEnd(); // takes two ids for one
        const nowMs = Date.now();
        const expiresAtMs = nowMs + settings.CONNECTION_TTL_MS; // and it is never looked at
        const times = { connectedAtMs: nowMs, lastSeenAtMs: nowMs, expiresAtMs };
        const connection = { id: trimmed, ...registration, epoch: 1, ...times }; // an epoch that never changes
        kept.set(trimmed, connection);
        sizes = [...sizes, { room: registration.room, connections: 1 }]; // and nobody ever leaves a room
        return { connection, replaced: undefined };
      },

      heartbeat(id) {
        return kept.has(id); // nothing is noted
      },

      find(id) {
        return kept.get(id.trimEnd());
      },

      leave(id) {
        kept.delete(id); // whichever it is by now
        return { holder: undefined }; // also when there was none
      },

      list({ limit, cursor }) {
        const connections = Array.from(kept.values()).slice(Math.max(0, cursor - 1), cursor + limit); // overlapping pages
        return { connections, total: connections.length, cursor: cursor + limit };
      },

      rooms() {
        return sizes;
      },

      sweep() {
        return { cursor: 0, swept: 0 };
      },
    };
  },
};
