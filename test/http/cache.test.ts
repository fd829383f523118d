import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OriginTimeoutError } from '../../src/errors.ts';
import type { HttpEnvironment } from '../../src/http/exchange.ts';
import { cacheRoutes } from '../../src/http/routes/cache.ts';
import { inlineEngine } from '../../src/render/inline.ts';
import { Renderer } from '../../src/render/renderer.ts';
import { FakeCache } from '../support/fake-cache.ts';
import { shown } from '../support/hostile/hostile-request.ts';

const json = { 'content-type': 'application/json' };

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

function serve() {
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

describe('GET /cache/{key}', () => {
  it('answers a miss, a stale copy and a hit with what RFC 9211 says of them', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '{"deep":[1]}');
    const miss = await ask('GET', '/a');
    expect(await miss.text()).toBe('{"key":"a","value":{"deep":[1]}}');
    expect(miss.headers.get('content-type')).toBe('application/json');
    expect(miss.headers.get('cache-status')).toBe('shared-state; fwd=miss; stored');

    cache.age('a', 7_400);
    const hit = await ask('GET', '/a');
    expect(hit.headers.get('cache-status')).toBe('shared-state; hit; ttl=22');
    expect(hit.headers.get('age')).toBe('7');
    expect(hit.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(hit.headers.get('etag')).toBe(miss.headers.get('etag'));

    cache.age('a', 60_000);
    cache.next = { stored: false, collapsed: true };
    const stale = await ask('GET', '/a');
    expect(stale.headers.get('cache-status')).toBe('shared-state; fwd=stale; collapsed');
    expect(stale.headers.get('age')).toBe('0');
  });

  it('never has a negative age, whoever stored it', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '1');
    await ask('GET', '/a');
    cache.age('a', -5_000);
    expect((await ask('GET', '/a')).headers.get('age')).toBe('0');
  });

  it('says how it looked for a document that does not exist', async () => {
    const { ask } = serve();
    const answer = await ask('GET', '/none');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-status')).toBe('shared-state; fwd=miss');
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining('"none"') });
  });

  it('answers 304 to who has it: weak comparison, lists, *', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '1');
    const etag = (await ask('GET', '/a')).headers.get('etag')!;
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag} , "y"`, '*', ' * ']) {
      const answer = await ask('GET', '/a', { headers: { 'if-none-match': header } });
      expect([header, answer.status, await answer.text()]).toEqual([header, 304, '']);
      expect(answer.headers.get('etag')).toBe(etag);
      expect(answer.headers.get('cache-status')).toMatch(/^shared-state; hit; ttl=/);
      expect(answer.headers.get('age')).toBe('0');
    }
    for (const header of ['"x"', etag.slice(1, -1), 'W/"x", "y"', '', '"*"', `"x${etag}`]) {
      expect((await ask('GET', '/a', { headers: { 'if-none-match': header } })).status).toBe(200);
    }
    const missing = await ask('GET', '/none', { headers: { 'if-none-match': '*' } });
    expect(missing.status).toBe(404);
  });

  it('answers HEAD with the same headers and no body', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '1');
    await ask('GET', '/a');
    const [head, get] = [await ask('HEAD', '/a'), await ask('GET', '/a')];
    expect(await head.text()).toBe('');
    for (const name of ['etag', 'content-type', 'cache-status', 'age']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  it('sends the bytes as they are', async () => {
    const { cache, ask } = serve();
    cache.keep('a', 'these bytes are no JSON');
    expect(await (await ask('GET', '/a')).text()).toBe('these bytes are no JSON');
  });

  it('decodes and checks the key', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a/ü', '1');
    expect(await (await ask('GET', '/a%2F%C3%BC')).json()).toEqual({ key: 'a/ü', value: 1 });
    const bad = await ask('GET', '/%00');
    expect(await bad.json()).toMatchObject({ status: 400, errors: [{ field: 'key' }] });
  });

  it('passes the failure of a load on', async () => {
    const { cache, ask } = serve();
    cache.failure = new OriginTimeoutError(1_000, 'not-applied');
    const answer = await ask('GET', '/a');
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'ORIGIN_TIMEOUT' });
  });
});

describe('PUT /cache/{key}', () => {
  it('stores any JSON, null included, for the time it names', async () => {
    const { cache, put, ask } = serve();
    const values = ['null', '0', '""', 'false', '[]', '{"__proto__":{"a":1}}', '"\\ud800"', '1.5', '{"toJSON":1}'];
    for (const value of values) {
      const answer = await put('a', `{"ttlMs":86400000,"value":${value}}`);
      expect([value, answer.status, await answer.text()]).toEqual([value, 204, '']);
      expect(cache.written).toEqual({ key: 'a', value, ttlMs: 86_400_000 });
      expect(await (await ask('GET', '/a')).text()).toBe(`{"key":"a","value":${value}}`);
    }
    await put('a', '{"value":1}');
    expect(cache.written).toMatchObject({ ttlMs: 30_000 });
  });

  it('stores a value of exactly 32 KiB, and what is nested deeply', async () => {
    const { cache, put } = serve();
    const longest = `"${'x'.repeat(32 * 1024 - 2)}"`;
    const deep = '['.repeat(16_000) + ']'.repeat(16_000);
    for (const value of [longest, deep]) {
      expect((await put('a', `{"value":${value}}`)).status).toBe(204);
      expect(cache.written?.value).toBe(value);
    }
  });

  const tooDeep = `${'{"0":'.repeat(6_000)}1${'}'.repeat(6_000)}`;
  const refused: [body: string, field: string, detail: RegExp][] = [
    ['{}', 'value', /must be given; null is a value/],
    ['{"ttlMs":5}', 'value', /must be given/],
    [`{"value":"${'x'.repeat(32 * 1024 - 1)}"}`, 'value', /at most 32768 bytes/],
    [`{"value":"${'ü'.repeat(16 * 1024)}"}`, 'value', /at most 32768 bytes/],
    [`{"value":{"n":[1e0,${tooDeep}]}}`, 'body', /nested less deeply/],
    ['{"value":1,"ttlMs":0}', 'ttlMs', />=1/],
    ['{"value":1,"ttlMs":86400001}', 'ttlMs', /<=86400000/],
    ['{"value":1,"ttlMs":1.5}', 'ttlMs', /int/],
    ['{"value":1,"ttlMs":"5"}', 'ttlMs', /number/],
    ['{"value":1,"ttlMs":null}', 'ttlMs', /number/],
    ['{"value":1,"key":"b"}', 'body', /key/],
    ['{"value":1e999}', 'value', /2\^53/],
    ['{"value":{"n":9007199254740993}}', 'n', /2\^53/],
    ['[]', 'body', /object/],
    ['{"value":', 'body', /must be JSON/],
  ];
  it.for(refused.map((row) => ({ name: shown(row[0]), row })))('refuses $name and says why', async ({ row }) => {
    const [body, field, detail] = row;
    const { cache, put, defects } = serve();
    const answer = await put('a', body);
    expect(answer.status).toBe(400);
    const problem = (await answer.json()) as { outcome: string; errors: { field: string; detail: string }[] };
    expect(problem.outcome).toBe('not-applied');
    expect(problem.errors).toEqual([{ field, detail: expect.stringMatching(detail) as unknown }]);
    expect(cache.written).toBeUndefined();
    expect(defects).toEqual([]);
  });

  it('names every field that is wrong, and wants a body', async () => {
    const { put, ask } = serve();
    const answer = (await (await put('a', '{"ttlMs":-1}')).json()) as { errors: { field: string }[] };
    expect(answer.errors.map(({ field }) => field)).toEqual(['value', 'ttlMs']);
    expect((await ask('PUT', '/a')).status).toBe(400);
  });

  it('says what became of a write that failed', async () => {
    const { cache, put } = serve();
    cache.failure = new OriginTimeoutError(1_000);
    const answer = await put('a', '{"value":1}');
    expect(await answer.json()).toMatchObject({ status: 504, code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
  });
});

describe('DELETE /cache/{key} and GET /cache', () => {
  it('forgets the copy, also one that is not there', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '1');
    await ask('GET', '/a');
    for (let time = 0; time < 2; time++) expect((await ask('DELETE', '/a')).status).toBe(204);
    expect((await ask('GET', '/a')).headers.get('cache-status')).toMatch(/fwd=miss/);
  });

  it('answers the statistics, under their names of the contract and nothing else', async () => {
    const { ask } = serve();
    expect(await (await ask('GET', '')).json()).toEqual({
      entries: 1,
      capacityBytes: 2,
      bytes: 3,
      hits: 4,
      misses: 5,
      collapsed: 6,
      evictions: 7,
      expired: 8,
      originLoads: 9,
    });
  });
});

describe('GET /cache/{key} as a page', () => {
  const page = { accept: 'text/html' };

  it('answers a whole page that lets a browser do nothing', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '{"title":"T & U","markdown":"# Hello"}');
    const answer = await ask('GET', '/a', { headers: page });
    const html = await answer.text();
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).toMatch(
      /^<!doctype html>\n<html>.*<title>T &amp; U<\/title>.*<h1>Hello<\/h1>\n\n<\/body><\/html>\n$/s,
    );
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]+=*'; base-uri 'none'; .*sandbox$/);
    const style = /<style>(.*)<\/style>/s.exec(html)![1]!;
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(answer.headers.get('cache-status')).toBe('shared-state; fwd=miss; stored');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('has a tag of its own, which 304 goes by', async () => {
    const { cache, ask } = serve();
    cache.origin.set('a', '1');
    const [asJson, asPage] = [await ask('GET', '/a'), await ask('GET', '/a', { headers: page })];
    const [jsonTag, pageTag] = [asJson.headers.get('etag')!, asPage.headers.get('etag')!];
    expect(pageTag).not.toBe(jsonTag);
    const status = async (tag: string, headers: Record<string, string>) => {
      const answer = await ask('GET', '/a', { headers: { ...headers, 'if-none-match': tag } });
      expect(answer.headers.get('vary')).toBe('accept');
      return answer.status;
    };
    expect(await status(pageTag, page)).toBe(304);
    expect(await status(jsonTag, page)).toBe(200);
    expect(await status(jsonTag, {})).toBe(304);
    expect(await status(pageTag, {})).toBe(200);
  });

  const wishes: [accept: string, type: 'html' | 'json'][] = [
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
    ['TEXT/HTML', 'html'],
    ['text/*', 'html'],
    ['text/html;q=0.2', 'html'],
    ['application/json;q=0.5, text/html', 'html'],
    ['application/*;q=0.5, text/html;q=0.6', 'html'],
    ['text/html;charset=utf-8', 'html'],
    ['*/*;q=0.5, text/*', 'html'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['text/html, application/json', 'json'],
    ['text/html;q=0.5, application/json', 'json'],
    ['*/*, text/html;q=0.5', 'json'],
    ['text/html;q=0', 'json'],
    ['text/html;q=0, */*', 'json'],
    ['text/*, text/html;q=0', 'json'],
    ['text/plain', 'json'],
    ['image/png', 'json'],
    ['', 'json'],
    ['text/html;q=nonsense;;,,/', 'html'],
    ['xtext/html', 'json'],
  ];
  it.for(wishes)('%j gets %s', async ([accept, type]) => {
    const { cache, ask } = serve();
    cache.origin.set('a', '"text"');
    const answer = await ask('GET', '/a', { headers: { accept } });
    expect(answer.headers.get('content-type')).toMatch(type);
    expect(answer.headers.get('vary')).toBe('accept');
  });

  it('answers problems as problems', async () => {
    const { ask } = serve();
    const answer = await ask('GET', '/none', { headers: page });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });
});
