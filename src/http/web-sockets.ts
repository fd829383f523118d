/**
 * WebSocket upgrades. @hono/node-server completes those that a route accepts; whatever is refused is answered here, as
 * problem+json like everything else.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeSocket, MAX_FRAME_BYTES } from '../rooms/socket-member.ts';
import { writeRaw } from './raw-response.ts';

/** The close code of a server that goes away. */
const GOING_AWAY = 1001;

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

function dismiss(socket: WebSocket): Promise<void> {
  return closeSocket(socket, GOING_AWAY, 'the service is shutting down');
}

/** Answers an upgrade that was refused, and ends the connection. */
export async function refuseUpgrade(socket: Duplex, response: Response): Promise<void> {
  const { status, headers } = response;
  writeRaw(socket, { status, body: await response.text(), headers: Object.fromEntries(headers) });
}
