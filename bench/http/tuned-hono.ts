/**
 * The same as bare-hono.ts by someone who has read what the service does: headers handed over with the response, no
 * promise where there is nothing to wait for. What is left between it and the service is what the contract costs.
 */
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { requestIdOf } from '../../src/http/request-id.ts';
import { KEEP_ALIVE_MS, serve } from './bare-thread.ts';

const values = new Map<string, number>();
const app = new Hono();

app.post('/v1/sync-lock/counters/:key/increment', (c): Response | Promise<Response> => {
  const requestId = requestIdOf(c.req.header('x-request-id'));
  const hasBody = Number(c.req.header('content-length') ?? 0) > 0;
  if (!hasBody) return increment(c.req.param('key'), 1, requestId);
  return c.req.json<{ by?: number }>().then(({ by = 1 }) => increment(c.req.param('key'), by, requestId));
});

function increment(key: string, by: number, requestId: string): Response {
  const value = (values.get(key) ?? 0) + by;
  values.set(key, value);
  return new Response(JSON.stringify({ key, value }), {
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
  });
}

const server = createAdaptorServer({
  fetch: app.fetch,
  serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS },
  autoCleanupIncoming: false,
});
await serve(server);
