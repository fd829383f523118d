/** How an HTTP server goes away without cutting anybody off. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as Listener } from 'node:net';
import { setImmediate as nextTurn, setTimeout as elapsed } from 'node:timers/promises';
import { type HttpSocket, isAnswered, LATEST } from './http-socket.ts';

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
 * @param unfinished ends those whose clients do not go on; none, when left out
 */
export async function leave(server: Server, sockets: Iterable<HttpSocket>, unfinished?: Unfinished): Promise<void> {
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
    unfinished?.end(isRead);
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

/**
 * Ends what clients leave unfinished while the server leaves, so that none of them decides how long that takes: after a
 * while, a body or a head that does not come gets `refuse`, and an answer that is not read is cut off. What handlers are
 * still working on is not touched.
 */
export class Unfinished {
  readonly #sockets: Iterable<HttpSocket>;
  readonly #patienceMs: number;
  readonly #refuse: (socket: HttpSocket) => void;
  readonly #startedMs = performance.now();
  /** Since when each has had an answer to read. */
  #unread = new Map<HttpSocket, number>();
  #ended = 0;

  constructor(sockets: Iterable<HttpSocket>, patienceMs: number, refuse: (socket: HttpSocket) => void) {
    this.#sockets = sockets;
    this.#patienceMs = patienceMs;
    this.#refuse = refuse;
  }

  /** Connections that were ended so. */
  get ended(): number {
    return this.#ended;
  }

  /** @param noneIdle idle connections have just been closed: one that is left without a request has begun one */
  end(noneIdle: boolean): void {
    const nowMs = performance.now();
    const unread = new Map<HttpSocket, number>();
    const isLate = nowMs - this.#startedMs >= this.#patienceMs;
    for (const socket of this.#sockets) {
      const { [LATEST]: latest, writableLength, writable, destroyed } = socket;
      if (destroyed) continue;
      const lacksBody = latest !== undefined && !latest.headersSent && !latest.req.complete;
      const lacksHead = noneIdle && isAnswered(socket) && writable;
      if (writableLength > 0) {
        const sinceMs = this.#unread.get(socket) ?? nowMs;
        unread.set(socket, sinceMs);
        if (nowMs - sinceMs < this.#patienceMs) continue;
        socket.destroy();
      } else if (isLate && (lacksBody || lacksHead)) this.#refuse(socket);
      else continue;
      this.#ended += 1;
    }
    this.#unread = unread;
  }
}
