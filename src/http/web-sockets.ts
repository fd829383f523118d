/**
 * WebSocket upgrades. @hono/node-server completes those that a route accepts; whatever is refused is answered here, as
 * problem+json like everything else.
 */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_FRAME_BYTES } from '../rooms/socket-member.ts';

/** The close code of a server that goes away. */
const GOING_AWAY = 1001;
/** How long a client may take to answer the close frame. */
const CLOSE_TIMEOUT_MS = 2_000;

const PATH = /^\/v1\/[^/?\\]+\/ws(?:\?[^\\]*)?$/;

/** Whether a request asks for a WebSocket where there may be one; any other upgrade is ignored, as a server may. */
export function asksForWebSocket({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && PATH.test(url);
}

export class WebSockets {
  readonly server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });

  /** Tells every client that the service goes away, also those that are just being let in; resolves when all have closed. */
  async close(): Promise<void> {
    this.server.on('connection', (socket) => void dismiss(socket));
    await Promise.all(Array.from(this.server.clients, dismiss));
  }
}

/** Resolves when the client has closed, or was cut off. */
async function dismiss(socket: WebSocket): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close(GOING_AWAY, 'the service is shutting down');
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}

/** Answers an upgrade that was refused, and ends the connection. */
export async function refuseUpgrade(socket: Duplex, response: Response): Promise<void> {
  const body = await response.text();
  const headers = { 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = [...response.headers, ...Object.entries(headers)].map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}\r\n${lines.join('')}\r\n${body}`);
}
