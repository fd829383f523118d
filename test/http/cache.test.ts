import { describe, expect, it } from 'vitest';
import { OriginTimeoutError } from '../../src/errors.ts';
import { serveCache } from '../support/served-cache.ts';
import { shown } from '../support/hostile/hostile-request.ts';

describe('GET /cache/{key}', () => {
  it('answers a miss, a stale copy and a hit with what RFC 9211 says of them', async () => {
    const { cache, ask } = serveCache();
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
    const { cache, ask } = serveCache();
    cache.origin.set('a', '1');
    await ask('GET', '/a');
    cache.age('a', -5_000);
    expect((await ask('GET', '/a')).headers.get('age')).toBe('0');
  });

  it('says how it looked for a document that does not exist', async () => {
    const { ask } = serveCache();
    const answer = await ask('GET', '/none');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-status')).toBe('shared-state; fwd=miss');
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining('"none"') });
  });

  it('answers 304 to who has it: weak comparison, lists, *', async () => {
    const { cache, ask } = serveCache();
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
    const { cache, ask } = serveCache();
    cache.origin.set('a', '1');
    await ask('GET', '/a');
    const [head, get] = [await ask('HEAD', '/a'), await ask('GET', '/a')];
    expect(await head.text()).toBe('');
    for (const name of ['etag', 'content-type', 'cache-status', 'age']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  it('sends the bytes as they are', async () => {
    const { cache, ask } = serveCache();
    cache.keep('a', 'these bytes are no JSON');
    expect(await (await ask('GET', '/a')).text()).toBe('these bytes are no JSON');
  });

  it('decodes and checks the key', async () => {
    const { cache, ask } = serveCache();
    cache.origin.set('a/ü', '1');
    expect(await (await ask('GET', '/a%2F%C3%BC')).json()).toEqual({ key: 'a/ü', value: 1 });
    const bad = await ask('GET', '/%00');
    expect(await bad.json()).toMatchObject({ status: 400, errors: [{ field: 'key' }] });
  });

  it('passes the failure of a load on', async () => {
    const { cache, ask } = serveCache();
    cache.failure = new OriginTimeoutError(1_000, 'not-applied');
    const answer = await ask('GET', '/a');
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'ORIGIN_TIMEOUT' });
  });
});

describe('PUT /cache/{key}', () => {
  it('stores any JSON, null included, for the time it names', async () => {
    const { cache, put, ask } = serveCache();
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
    const { cache, put } = serveCache();
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
    const { cache, put, defects } = serveCache();
    const answer = await put('a', body);
    expect(answer.status).toBe(400);
    const problem = (await answer.json()) as { outcome: string; errors: { field: string; detail: string }[] };
    expect(problem.outcome).toBe('not-applied');
    expect(problem.errors).toEqual([{ field, detail: expect.stringMatching(detail) as unknown }]);
    expect(cache.written).toBeUndefined();
    expect(defects).toEqual([]);
  });

  it('names every field that is wrong, and wants a body', async () => {
    const { put, ask } = serveCache();
    const answer = (await (await put('a', '{"ttlMs":-1}')).json()) as { errors: { field: string }[] };
    expect(answer.errors.map(({ field }) => field)).toEqual(['value', 'ttlMs']);
    expect((await ask('PUT', '/a')).status).toBe(400);
  });

  it('says what became of a write that failed', async () => {
    const { cache, put } = serveCache();
    cache.failure = new OriginTimeoutError(1_000);
    const answer = await put('a', '{"value":1}');
    expect(await answer.json()).toMatchObject({ status: 504, code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
  });
});

describe('DELETE /cache/{key} and GET /cache', () => {
  it('forgets the copy, also one that is not there', async () => {
    const { cache, ask } = serveCache();
    cache.origin.set('a', '1');
    await ask('GET', '/a');
    for (let time = 0; time < 2; time++) expect((await ask('DELETE', '/a')).status).toBe(204);
    expect((await ask('GET', '/a')).headers.get('cache-status')).toMatch(/fwd=miss/);
  });

  it('answers the statistics, under their names of the contract and nothing else', async () => {
    const { ask } = serveCache();
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
