/** How an HTTP server goes away without cutting anybody off. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as Listener } from 'node:net';
import { setImmediate as nextTurn, setTimeout as elapsed } from 'node:timers/promises';

/** How long every answer says `Connection: close` before no connection is taken any more. */
const FAREWELL_MS = 300;
/** How long connections that were taken last have for their first request. */
const FIRST_REQUEST_MS = 100;
/** A turn of the event loop that is shorter has read hardly anything. */
const QUIET_MS = 0.5;
const LONGEST_WAIT_MS = 100;

/**
 * Resolves when the last connection is closed. Every answer must say `Connection: close` already: clients that ask
 * again then leave by themselves. Connections that wait to be taken, and idle ones that a request is on its way to, are
 * reset when their end comes; so it comes in a turn of the event loop that found none.
 */
export async function leave(server: Server): Promise<void> {
  const closed = once(server, 'close');
  await elapsed(FAREWELL_MS);
  await quietTurn(server);
  // Not yet that of node:http: it also closes what it has read nothing from.
  Listener.prototype.close.call(server);
  await elapsed(FIRST_REQUEST_MS);
  await quietTurn(server);
  server.close();
  await closed;
}

/** Resolves at the end of a turn that took no connection and had little else to do, or when there was none for long. */
async function quietTurn(server: Server): Promise<void> {
  let taken = 0;
  const count = (): void => void (taken += 1);
  server.on('connection', count);
  const untilMs = performance.now() + LONGEST_WAIT_MS;
  for (let startedMs = performance.now(); startedMs < untilMs;) {
    taken = 0;
    await nextTurn();
    const endedMs = performance.now();
    if (taken === 0 && endedMs - startedMs < QUIET_MS) break;
    startedMs = endedMs;
  }
  server.off('connection', count);
}
