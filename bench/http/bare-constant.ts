/**
 * The yardstick of a cache hit: hono on @hono/node-server answering with a constant, in one thread of many.
 *
 * Same as the service: path, the body to the byte, the headers of a hit, a request id that is echoed or made.
 * Left out, which is what the service has to make up for: a cache that other threads change, a look at the clock for
 * `Age` and `ttl`, a check of the key, what the client accepts and has already, problems, deadlines, timings.
 */
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { requestIdOf } from '../../src/http/request-id.ts';
import { KEEP_ALIVE_MS, serve } from './bare-thread.ts';
import { DOCUMENT_BODY, HIT_HEADERS } from './document.ts';

const app = new Hono();

app.get('/v1/sync-lock/cache/:key', (c) =>
  c.body(DOCUMENT_BODY, 200, { ...HIT_HEADERS, 'x-request-id': requestIdOf(c.req.header('x-request-id')) }),
);

await serve(createAdaptorServer({ fetch: app.fetch, serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS } }));
