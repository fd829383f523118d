/** How an HTTP server goes away without cutting anybody off. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as Listener } from 'node:net';
import { setImmediate as nextTurn, setTimeout as elapsed } from 'node:timers/promises';

/** How long every answer says `Connection: close` before no connection is taken any more. */
const FAREWELL_MS = 300;
/** How long connections that were taken last have for their first request, and clients to find calm. */
const LINGER_MS = 100;
const MOST_TURNS = 1_000;

/**
 * Resolves when the last connection is closed. Every answer must say `Connection: close` already: clients that ask
 * again then leave by themselves. Connections that wait to be taken, and idle ones that a request is on its way to, are
 * reset when their end comes. So no more are taken right after a turn of the event loop that found none; and idle ones
 * are closed a while later, when nobody is busy with leaving, right after all that had come was read.
 */
export async function leave(server: Server): Promise<void> {
  const closed = once(server, 'close');
  await elapsed(FAREWELL_MS);
  await untilAllAreTaken(server);
  // Not yet that of node:http: it also closes what it has read nothing from.
  Listener.prototype.close.call(server);
  await elapsed(LINGER_MS);
  await nextTurn();
  server.close();
  await closed;
}

/** A turn of the event loop takes one connection, or a few. */
async function untilAllAreTaken(server: Server): Promise<void> {
  let taken = 0;
  const count = (): void => void (taken += 1);
  server.on('connection', count);
  for (let turn = 0, before = -1; turn < MOST_TURNS && taken !== before; turn++) {
    before = taken;
    await nextTurn();
  }
  server.off('connection', count);
}
