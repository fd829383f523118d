/**
 * WebSocket upgrades. @hono/node-server completes those that a route accepts; whatever is refused is answered here, as
 * problem+json like everything else.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { createAdaptorServer, WebSocketServerLike } from '@hono/node-server';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { closeSocket, MAX_FRAME_BYTES } from '../rooms/socket-member.ts';
import type { HttpEnvironment } from './exchange.ts';
import { problem } from './problems.ts';
import { writeRaw } from './raw-response.ts';
import { requestIdOf } from './request-id.ts';

/** The close code of a server that goes away. */
const GOING_AWAY = 1001;
/** WebSockets that are told so in one turn of the event loop: those that are served meanwhile wait no longer for it. */
const CLOSED_PER_TURN = 64;

const PATH = /^\/v1\/[^/?\\]+\/ws(?:\?[^\\]*)?$/;

/** Whether a request asks for a WebSocket where there may be one; any other upgrade is ignored, as a server may. */
export function asksForWebSocket({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && PATH.test(url);
}

type AdaptorOptions = Pick<Parameters<typeof createAdaptorServer>[0], 'fetch' | 'websocket'>;

interface UpgradeEnvironment {
  readonly incoming: IncomingMessage;
}

export class WebSockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  readonly #app: Hono<HttpEnvironment>;
  readonly #isDraining: () => boolean;

  /** @param app whose routes accept upgrades, or refuse them */
  constructor(app: Hono<HttpEnvironment>, isDraining: () => boolean) {
    this.#app = app;
    this.#isDraining = isDraining;
  }

  /** What the server of @hono/node-server is made with: it asks `fetch` about every upgrade. */
  get adaptor(): Partial<AdaptorOptions> {
    return {
      fetch: (request, env) => this.#upgrade(request, env as UpgradeEnvironment),
      websocket: { server: this.#server as WebSocketServerLike },
    };
  }

  /** With a listener besides its own, the library leaves it to us to answer what is refused. */
  answerForLibrary(server: Server): void {
    server.on('upgrade', () => {});
  }

  /**
   * Tells every client that the service goes away, also those that are just being let in; resolves when all have closed.
   *
   * @param reason goes with the close frame
   */
  async close(reason: string): Promise<void> {
    this.#server.on('connection', (socket) => void closeSocket(socket, GOING_AWAY, reason));
    const closed: Promise<void>[] = [];
    for (const socket of Array.from(this.#server.clients)) {
      closed.push(closeSocket(socket, GOING_AWAY, reason));
      if (closed.length % CLOSED_PER_TURN === 0) await nextTurn();
    }
    await Promise.all(closed);
  }

  async #upgrade(request: Request, env: UpgradeEnvironment): Promise<Response> {
    const response = this.#isDraining() ? shuttingDown(env.incoming) : await this.#app.fetch(request, env);
    if (response.status >= 400) await refuseUpgrade(env.incoming.socket, response);
    return response;
  }
}

function shuttingDown({ headers }: IncomingMessage): Response {
  const requestId = requestIdOf(headers['x-request-id']);
  const refused = problem('SHUTTING_DOWN', 'no WebSocket is opened any more', requestId);
  return new Response(refused.body, refused);
}

/** Answers an upgrade that was refused, and ends the connection. */
async function refuseUpgrade(socket: Duplex, response: Response): Promise<void> {
  const { status, headers } = response;
  writeRaw(socket, { status, body: await response.text(), headers: Object.fromEntries(headers) });
}
