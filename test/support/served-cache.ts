/** The cache's routes in process, over a fake cache. */
import { Hono } from 'hono';
import type { HttpEnvironment } from '../../src/http/exchange.ts';
import { cacheRoutes } from '../../src/http/routes/cache.ts';
import { inlineEngine } from '../../src/render/inline.ts';
import { Renderer } from '../../src/render/renderer.ts';
import { FakeCache } from './fake-cache.ts';

export const json = { 'content-type': 'application/json' };

export function serveCache() {
  const cache = new FakeCache();
  const defects: unknown[] = [];
  const app = new Hono<HttpEnvironment>();
  cacheRoutes(app, '/v1/any', cache, {
    timeoutMs: 1_000,
    serverTiming: false,
    cacheTtlMs: 30_000,
    renderer: new Renderer({ engine: inlineEngine }),
    onDefect: (error) => defects.push(error),
  });
  const ask = async (method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) =>
    app.request(`/v1/any/cache${path}`, {
      method,
      ...init,
      // As a client's HTTP library would: fetch leaves it out of a Request that is never sent.
      headers: { ...init.headers, ...(init.body === undefined ? {} : { 'content-length': '1' }) },
    });
  const put = (key: string, body: string) => ask('PUT', `/${key}`, { headers: json, body });
  return { cache, ask, put, defects };
}
