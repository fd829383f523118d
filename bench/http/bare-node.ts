/**
 * The floor: the increment on node:http alone, in one thread of many. One route, so a regular expression routes.
 *
 * Same as the service, and left out: see bare-hono.ts.
 */
import { createServer, type ServerResponse } from 'node:http';
import { requestIdOf } from '../../src/http/request-id.ts';
import { KEEP_ALIVE_MS, serve } from './bare-thread.ts';

const ROUTE = /^\/v1\/sync-lock\/counters\/([^/?]+)\/increment$/;

const values = new Map<string, number>();

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
  const [, key] = ROUTE.exec(incoming.url!) ?? [];
  if (key === undefined || incoming.method !== 'POST') return void outgoing.writeHead(404).end();
  const requestId = requestIdOf(incoming.headers['x-request-id']);
  const decoded = decodeURIComponent(key);
  const hasBody = Number(incoming.headers['content-length'] ?? 0) > 0;
  if (!hasBody) return increment(outgoing, decoded, 1, requestId);
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const { by = 1 } = JSON.parse(Buffer.concat(chunks).toString()) as { by?: number };
    increment(outgoing, decoded, by, requestId);
  });
});

function increment(outgoing: ServerResponse, key: string, by: number, requestId: string): void {
  const value = (values.get(key) ?? 0) + by;
  values.set(key, value);
  const body = JSON.stringify({ key, value });
  outgoing.writeHead(200, {
    'content-type': 'application/json',
    'x-request-id': requestId,
    'content-length': Buffer.byteLength(body),
  });
  outgoing.end(body);
}

await serve(server);
