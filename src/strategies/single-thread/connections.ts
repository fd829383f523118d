/**
 * Connections, single-thread: `Map`s by id and by room, and the order in which they came. No lock, no shared memory.
 *
 * Guarantee: linearizable, because on one event loop nothing runs between two lines without an `await`.
 * Cost: one thread, and what it does holds up everything else. A page costs its own length.
 */
import type { OriginWrite, Written } from '../../origin/origin.ts';
import { type Connections, EPOCHS_PER_MS } from '../../resources/connections.ts';
import { ThreadTable } from '../../sync/thread-table.ts';
import { storedConnection, type StoredConnection } from '../connection-entry.ts';
import { storeInBackground } from '../store-in-background.ts';
import type { Cell } from '../strategy.ts';
import { ConnectionMap } from './connection-map.ts';

export const connections: Cell<Connections> = {
  attach(context) {
    const { settings, thread, writeThrough, lab, clock, firstEpoch, startedAtMs } = context;
    let version = ThreadTable.firstNumber(thread.slot); // newer than what a predecessor of this thread stored
    let lastEpoch = firstEpoch + (clock.nowMs() - startedAtMs) * EPOCHS_PER_MS; // and greater than what it gave
    const map = new ConnectionMap(settings.CONNECTIONS_CAPACITY, settings.CONNECTION_TTL_MS, clock);
    const written = (stored: StoredConnection | undefined): Written<string | undefined> => ({
      value: stored === undefined ? undefined : JSON.stringify(stored),
      version: ++version,
    });

    return {
      async register(id, registration, call) {
        lab.midway();
        const registered = map.register(id, registration, lastEpoch + 1);
        lastEpoch += 1;
        await writeThrough.stored(id, written(map.stored(id)), call);
        return registered;
      },

      heartbeat(id, epoch) {
        return map.heartbeat(id, epoch);
      },

      find(id) {
        return map.find(id);
      },

      async leave(id, epochs, call) {
        const former = map.leave(id, epochs);
        if (former !== undefined) await writeThrough.stored(id, written(undefined), call);
        return former;
      },

      list(request) {
        return map.list(request);
      },

      rooms() {
        return map.rooms();
      },

      sweep(limit, cursor) {
        const { gone, old, next } = map.sweep(limit, cursor);
        const writes = settings.WRITE_THROUGH
          ? [...gone, ...old].map((id): OriginWrite => Object.assign(written(map.stored(id)), { key: id }))
          : [];
        storeInBackground(context, writes);
        return { cursor: next, swept: gone.length };
      },

      restore(id, { value }) {
        if (value === undefined) return;
        const stored = storedConnection(value);
        lastEpoch = Math.max(lastEpoch, stored.epoch);
        map.restore(id, stored);
      },
    };
  },
};
