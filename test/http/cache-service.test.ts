import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialValue } from '../../src/origin/initial-documents.ts';
import { anyStrategy, sharing } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

const page = { headers: { accept: 'text/html' } };

describe('the cache over HTTP', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ THREADS: '2' });
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000); // with the renderer's workers

  it.for(sharing)('serves what the origin starts with, from memory after that: $name', async ({ name }) => {
    const url = `${service.url}/v1/${name}/cache/doc-7`;
    const miss = await fetch(url);
    expect(await miss.text()).toBe(`{"key":"doc-7","value":${initialValue(7)}}`);
    expect(miss.headers.get('cache-status')).toBe('shared-state; fwd=miss; stored');
    const hit = await fetch(url);
    expect(hit.headers.get('cache-status')).toMatch(/^shared-state; hit; ttl=\d+$/);
    expect(hit.headers.get('content-length')).toBe(miss.headers.get('content-length'));
    const etag = hit.headers.get('etag')!;
    expect(etag).toBe(miss.headers.get('etag'));
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
  });

  it.for(sharing)(
    'shows every later read what was stored, on whichever thread, and renders it: $name',
    async ({ name }) => {
      const url = `${service.url}/v1/${name}/cache/ü%2F1`;
      for (let time = 0; time < 5; time++) {
        const body = JSON.stringify({ value: { markdown: `*${time}*` }, ttlMs: 60_000 });
        const put = await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
        expect(put.status).toBe(204);
        const reads = Array.from({ length: 10 }, async () => (await fetch(url)).json());
        const value = { key: 'ü/1', value: { markdown: `*${time}*` } };
        expect(await Promise.all(reads)).toEqual(reads.map(() => value));
        const shown = await fetch(url, page);
        expect(shown.headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(await shown.text()).toContain(`<p><em>${time}</em></p>`);
        const again = await fetch(url, { headers: { ...page.headers, 'if-none-match': shown.headers.get('etag')! } });
        expect(again.status).toBe(304);
      }
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
      const stats = (await (await fetch(`${service.url}/v1/${name}/cache`)).json()) as Record<string, number>;
      expect(stats['capacityBytes']).toBe(32 * 1024 * 1024);
      expect(stats['hits']).toBeGreaterThan(0);
    },
  );

  it('names the methods that are served', async () => {
    const base = `${service.url}/v1/${anyStrategy.name}/cache`;
    const [one, all] = [await fetch(`${base}/a`, { method: 'POST' }), await fetch(base, { method: 'DELETE' })];
    expect([one.status, one.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, DELETE']);
    expect([all.status, all.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('renders the same with RENDER=inline', async () => {
    await using inline = await startServiceUnderTest({ THREADS: '1', RENDER: 'inline', STRATEGIES: anyStrategy.name });
    const path = `/v1/${anyStrategy.name}/cache/doc-3`;
    const [here, there] = await Promise.all([service, inline].map(({ url }) => fetch(`${url}${path}`, page)));
    expect(here!.headers.get('etag')).toBe(there!.headers.get('etag'));
    expect(await here!.text()).toBe(await there!.text());
  });
});
