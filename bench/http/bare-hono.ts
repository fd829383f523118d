/**
 * The yardstick: the increment as one writes it in an afternoon with hono on @hono/node-server, in one thread of many.
 *
 * Same as the service: path, JSON body, answer to the byte, headers, a request id that is echoed or made.
 * Left out, which is what the service has to make up for: shared memory (each thread counts by itself), a check of
 * key, media type and body, the limit of the body, problems, deadlines, timings.
 */
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { requestIdOf } from '../../src/http/request-id.ts';
import { KEEP_ALIVE_MS, serve } from './bare-thread.ts';

const values = new Map<string, number>();
const app = new Hono();

app.post('/v1/sync-lock/counters/:key/increment', async (c) => {
  const key = c.req.param('key');
  // Reading a body that is not there costs a fifth of the request; a person who measured would not either.
  const hasBody = Number(c.req.header('content-length') ?? 0) > 0;
  const { by = 1 } = hasBody ? await c.req.json<{ by?: number }>() : {};
  const value = (values.get(key) ?? 0) + by;
  values.set(key, value);
  return c.json({ key, value }, 200, { 'x-request-id': requestIdOf(c.req.header('x-request-id')) });
});

await serve(createAdaptorServer({ fetch: app.fetch, serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS } }));
