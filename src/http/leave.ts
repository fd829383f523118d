/** How an HTTP server goes away without cutting anybody off. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as Listener, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as elapsed } from 'node:timers/promises';

/** How long every answer says `Connection: close` before no connection is taken any more. */
const FAREWELL_MS = 300;
/** How long connections that were taken last have for their first request, and clients to find calm. */
const LINGER_MS = 100;
const MOST_TURNS = 1_000;

/**
 * Resolves when the last connection is closed. Every answer must say `Connection: close` already: clients that ask
 * again then leave by themselves. Connections that wait to be taken, and idle ones that a request is on its way to, are
 * reset when their end comes. So both ends come right after a turn of the event loop that found nothing to read: that of
 * the listener first, that of idle connections a while later. Some become idle later still: an answer that was written
 * before, behind one that is not, cannot say it any more.
 *
 * @param sockets the connections that are open
 */
export async function leave(server: Server, sockets: Iterable<Socket>): Promise<void> {
  const closed = once(server, 'close').then(() => true);
  await elapsed(FAREWELL_MS);
  await untilNothingComes();
  // Not that of node:http: it also closes what it has read nothing from, and gives up its limits for slow clients.
  Listener.prototype.close.call(server);
  while (!(await Promise.race([closed, elapsed(LINGER_MS, false)]))) {
    await untilNothingComes();
    // To node:http a connection is idle as soon as its answer was handed over, however much of it the client has yet to read.
    const isRead = Array.from(sockets).every(({ writableLength }) => writableLength === 0);
    if (isRead) server.closeIdleConnections();
  }
}

/** Resolves right after a turn of the event loop whose poll was given no event, or when there was none for long. */
async function untilNothingComes(): Promise<void> {
  for (let turn = 0, before = -1; turn < MOST_TURNS; turn++) {
    const { events } = performance.nodeTiming.uvMetricsInfo;
    if (events === before) return;
    before = events;
    await nextTurn();
  }
}
