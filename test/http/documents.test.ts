/** Documents at the origin have a bound, and are deleted there to make room: with the embedded origin. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

const sharingDocuments = strategies.filter(({ kind, cells }) => kind === 'strategy' && !('unsupported' in cells.cache));
/** More than the origin has room for. */
const MANY = 50;
const value = 'x'.repeat(30 * 1024);

describe('documents at the origin', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ THREADS: '2', ORIGIN_MEMORY_MB: '1', ORIGIN_DOCUMENTS: '1' });
  }, 60_000);
  afterAll(() => stopCleanly(service), 60_000);

  it.for(sharingDocuments)('are deleted, and no longer served from memory: $name', async ({ name }) => {
    const [cache, documents] = [`${service.url}/v1/${name}/cache/gone`, `${service.url}/v1/${name}/documents/gone`];
    expect((await put(cache)).status).toBe(204);
    expect((await fetch(cache)).status).toBe(200);
    const deleted = await fetch(documents, { method: 'DELETE' });
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    expect((await fetch(cache)).status).toBe(404);
    const again = await fetch(documents, { method: 'DELETE' });
    expect([again.status, await again.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  });

  it.for(sharingDocuments)('are refused where there is no room, until some leave: $name', async ({ name }) => {
    const at = (resource: string, number: number): string => `${service.url}/v1/${name}/${resource}/large-${number}`;
    let stored = 0;
    let refused: Response | undefined;
    while (refused === undefined && stored < MANY) {
      const answer = await put(at('cache', stored));
      if (answer.status === 204) stored += 1;
      else refused = answer;
    }
    expect([refused?.status, await refused?.json()]).toMatchObject([507, { code: 'CAPACITY', outcome: 'not-applied' }]);
    expect(stored).toBeGreaterThan(1);
    expect((await fetch(at('cache', stored))).status).toBe(404);
    expect((await put(at('cache', 0))).status).toBe(204); // in the place of what it has

    // To forget a copy makes no room: the origin has the document still.
    expect((await fetch(at('cache', 0), { method: 'DELETE' })).status).toBe(204);
    expect((await put(at('cache', stored))).status).toBe(507);
    expect((await fetch(at('documents', 0), { method: 'DELETE' })).status).toBe(204);
    expect((await put(at('cache', stored))).status).toBe(204);

    for (let number = 1; number <= stored; number++) {
      expect((await fetch(at('documents', number), { method: 'DELETE' })).status).toBe(204);
    }
  });

  it.for(sharingDocuments.slice(0, 1))('names the one method that is served: $name', async ({ name }) => {
    const answer = await fetch(`${service.url}/v1/${name}/documents/a`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE']);
  });
});

function put(url: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'PUT', headers, body: JSON.stringify({ value, ttlMs: 60_000 }) });
}
