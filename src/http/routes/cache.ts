/** `/v1/{strategy}/cache` and `/v1/{strategy}/documents`: parse, call, reply. Knows no strategy by name. */
import type { Hono } from 'hono';
import { NotFoundError } from '../../errors.ts';
import type { Cache, CachedDocument, CacheRead } from '../../resources/cache.ts';
import { PAGE_POLICY } from '../../render/page-style.ts';
import type { Renderer } from '../../render/renderer.ts';
import type { Awaitable } from '../../sync/wait.ts';
import { bodyText, parseJson } from '../body.ts';
import { etagOf, matchesNone } from '../etags.ts';
import { exchange, whenReady, type Exchange, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';
import { prefersHtml } from '../negotiation.ts';
import { keyInPath } from '../path.ts';
import { checked, documentBody } from '../schemas.ts';

/** Segments of `/v1/{strategy}/cache/{key}` and `…/documents/{key}`, the empty one before the first slash included. */
const KEY = 4;

export interface CacheRouteOptions extends ExchangeOptions {
  /** Of a `PUT` that names none. */
  readonly cacheTtlMs: number;
  readonly renderer: Renderer;
}

/** Part of a page's entity tag: to be changed with what pages look like. */
const PAGE_EDITION = 'page1';

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': PAGE_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** @param base `/v1/{strategy}` */
export function cacheRoutes(app: Hono<HttpEnvironment>, base: string, cache: Cache, options: CacheRouteOptions): void {
  app.get(`${base}/cache/:key`, (context) =>
    exchange(context, options, (call) => {
      const key = keyInPath(context, KEY);
      const renderer = prefersHtml(context, call.header('accept')) ? options.renderer : undefined;
      return whenReady(cache.read(key, call), (read) => answer(call, key, read, renderer));
    }),
  );

  app.put(`${base}/cache/:key`, (context) =>
    exchange(context, options, async (call) => {
      const key = keyInPath(context, KEY);
      const text = await bodyText(context, call);
      const body = checked(documentBody, text === undefined ? undefined : parseJson(text));
      await cache.write(key, body.value, body.ttlMs ?? options.cacheTtlMs, call);
      return call.empty(204);
    }),
  );

  app.delete(`${base}/cache/:key`, (context) =>
    exchange(context, options, (call) => {
      const key = keyInPath(context, KEY);
      return whenReady(cache.forget(key, call), () => call.empty(204));
    }),
  );

  app.delete(`${base}/documents/:key`, (context) =>
    exchange(context, options, async (call) => {
      const key = keyInPath(context, KEY);
      return (await cache.delete(key, call)) ? call.empty(204) : call.problem(missing(key));
    }),
  );

  app.get(`${base}/cache`, (context) =>
    exchange(context, options, async (call) => {
      const { entries, capacityBytes, bytes, ...counts } = await cache.stats(call);
      const { hits, misses, collapsed, evictions, expired, originLoads } = counts;
      return call.json(
        JSON.stringify({ entries, capacityBytes, bytes, hits, misses, collapsed, evictions, expired, originLoads }),
      );
    }),
  );
}

/** @param renderer given where a page is wanted */
function answer(call: Exchange, key: string, read: CacheRead, renderer: Renderer | undefined): Awaitable<Response> {
  const { document } = read;
  const status = cacheStatus(read);
  if (document === undefined) return call.problem(missing(key), { 'cache-status': status });
  const opaque = renderer === undefined ? document.etag : `${document.etag}-${PAGE_EDITION}`;
  const [etag, age] = [etagOf(opaque), ageOf(document)];
  const vary = 'accept';
  if (matchesNone(call.header('if-none-match'), opaque)) {
    return call.answer(null, 304, { etag, age, 'cache-status': status, vary });
  }
  if (renderer === undefined) {
    const json = { 'content-type': 'application/json', etag, age, 'cache-status': status, vary };
    return call.answer(document.body, 200, json);
  }
  return whenReady(renderer.page(document, call), (page) =>
    call.answer(page, 200, { ...PAGE_HEADERS, etag, age, 'cache-status': status, vary }),
  );
}

/** `Cache-Status` (RFC 9211). */
function cacheStatus({ document, status, stored, collapsed }: CacheRead): string {
  if (status === 'hit') return `shared-state; hit; ttl=${Math.floor(document!.freshForMs / 1_000)}`;
  return `shared-state; fwd=${status}${stored ? '; stored' : ''}${collapsed ? '; collapsed' : ''}`;
}

/** `Age` in seconds. */
function ageOf({ ageMs }: CachedDocument): string {
  return String(Math.max(0, Math.floor(ageMs / 1_000)));
}

function missing(key: string): NotFoundError {
  return new NotFoundError(`the origin has no document ${JSON.stringify(key)}`);
}
