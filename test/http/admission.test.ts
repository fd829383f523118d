import { expect, it } from 'vitest';
import { type AppOptions, buildApp } from '../../src/app.ts';
import { anyStrategy } from '../support/served.ts';

/** An app that admits two requests, and whose increments wait until they are released. */
function slowApp() {
  const waiting: ((value: number) => void)[] = [];
  const counters = { increment: () => new Promise<number>((resolve) => waiting.push(resolve)), read: () => 1 };
  const none = { unsupported: 'not in this test' };
  const resources = { counters, cache: none, connections: none, config: none };
  const app = buildApp({
    served: [{ strategy: anyStrategy, resources }],
    maxConcurrentRequests: 2,
    timeoutMs: 10_000,
    isDraining: () => false,
    missing: async () => [],
  } as unknown as AppOptions);
  const base = `/v1/${anyStrategy.name}/counters/k`;
  return {
    waiting,
    increment: async () => app.request(`${base}/increment`, { method: 'POST' }),
    read: async () => app.request(base),
    ready: async () => app.request('/readyz'),
  };
}

it('refuses at once what comes while the limit is under way, and admits again once one has ended', async () => {
  const { waiting, increment, read, ready } = slowApp();
  const admitted = [increment(), increment()];
  const refused = await increment();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'OVERLOADED', outcome: 'not-applied' });
  expect((await read()).status).toBe(503); // refused before it can know that it would not wait
  expect((await ready()).status).toBe(200);
  expect(waiting).toHaveLength(2);

  waiting[0]!(1);
  expect((await admitted[0]!).status).toBe(200);
  const next = increment();
  waiting[1]!(2);
  await admitted[1];
  waiting[2]!(3);
  expect((await next).status).toBe(200);
});

it('counts no request that does not wait', async () => {
  const { read } = slowApp();
  for (let time = 0; time < 10; time++) expect((await read()).status).toBe(200);
});
