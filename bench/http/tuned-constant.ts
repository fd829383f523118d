/**
 * The same as bare-constant.ts by someone who has read what the service does: headers handed over with the response.
 * What is left between it and the service is what a cache and the contract cost.
 */
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { requestIdOf } from '../../src/http/request-id.ts';
import { KEEP_ALIVE_MS, serve } from './bare-thread.ts';
import { DOCUMENT_BODY, HIT_HEADERS } from './document.ts';

const app = new Hono();

app.get(
  '/v1/sync-lock/cache/:key',
  (c) =>
    new Response(DOCUMENT_BODY, {
      headers: { ...HIT_HEADERS, 'x-request-id': requestIdOf(c.req.header('x-request-id')) },
    }),
);

const server = createAdaptorServer({
  fetch: app.fetch,
  serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS },
  autoCleanupIncoming: false,
});
await serve(server);
