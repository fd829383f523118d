import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Problem } from './problems.ts';

/** How long a client has to read the answer. One that keeps its side open would hold the socket for ever. */
const LINGER_MS = 1_000;

/**
 * Answers on a socket where node:http has no response to write to, and ends the connection. What the client still sends
 * is read and dropped meanwhile: to close over unread bytes would reset the connection, and the answer with it.
 */
export function writeRaw(
  socket: Duplex,
  { status, body, headers }: Problem,
  more: Readonly<Record<string, string>> = {},
): void {
  const all = { ...headers, ...more, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
