import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import type { ResourceName } from '../../src/strategies/strategy.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { startServiceUnderTest } from '../support/service.ts';
import { SocketClient } from '../support/socket-client.ts';

interface Listing {
  readonly connections: { readonly id: string }[];
  readonly total: number;
}

function restorable(resource: ResourceName) {
  return strategies.filter(
    ({ kind, cells }) => (kind === 'strategy' || kind === 'baseline') && !('unsupported' in cells[resource]),
  );
}

/** What it takes to start the service, and to end it. */
async function restartMs(environment: Record<string, string>): Promise<number> {
  const startedMs = performance.now();
  const service = await startServiceUnderTest(environment);
  await service.stop();
  return performance.now() - startedMs;
}

const beat = (base: string, id: string) => fetch(`${base}/connections/${id}/heartbeat`, { method: 'POST' });

async function listed(base: string): Promise<Listing> {
  return (await (await fetch(`${base}/connections?room=r`)).json()) as Listing;
}

describe.skipIf(redisProgram === undefined)('a restart of the process, with Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  const settings = (name: string, threads = 2) => ({
    THREADS: String(threads),
    STRATEGIES: name,
    WRITE_THROUGH: 'on',
    REDIS_URL: server.url,
    REDIS_NAMESPACE: `restart-${name}`,
    ORIGIN_LATENCY_MS: '0',
  });

  it.for(restorable('counters'))('brings back every acknowledged counter: $name', async ({ name, threads }) => {
    const counter = (url: string, path: string, method: string) =>
      fetch(`${url}/v1/${name}/counters/${path}`, { method });
    {
      await using service = await startServiceUnderTest(settings(name, threads));
      for (let at = 0; at < 5; at++) await counter(service.url, 'kept/increment', 'POST');
      await counter(service.url, 'gone/increment', 'POST');
      expect((await counter(service.url, 'gone', 'DELETE')).status).toBe(204);
      expect(await service.stop()).toBe(0);
    }
    await using service = await startServiceUnderTest(settings(name, threads));
    const list = await fetch(`${service.url}/v1/${name}/counters`);
    expect(await list.json()).toEqual({ counters: [{ key: 'kept', value: 5 }], total: 1 });
    // What is written from here on is newer than what was there before.
    const next = await counter(service.url, 'kept/increment', 'POST');
    expect(await next.json()).toEqual({ key: 'kept', value: 6 });
  });

  it.for(restorable('config'))('brings back the acknowledged config: $name', async ({ name, threads }) => {
    const headers = { 'content-type': 'application/json', 'if-match': '*' };
    const put = (url: string, body: string) => fetch(`${url}/v1/${name}/config`, { method: 'PUT', headers, body });
    {
      await using service = await startServiceUnderTest(settings(name, threads));
      expect((await put(service.url, '{"values":{"colour":"blue"}}')).status).toBe(200);
      expect(await service.stop()).toBe(0);
    }
    await using service = await startServiceUnderTest(settings(name, threads));
    const found = await fetch(`${service.url}/v1/${name}/config`);
    expect(await found.json()).toEqual({ version: 2, values: { colour: 'blue' } });
    const again = await put(service.url, '{"values":{}}');
    expect(await again.json()).toEqual({ version: 3, values: {} });
  });

  // All strategies that run on as many threads in one service: each waits for the same lease to end.
  const byThreads = [...Map.groupBy(restorable('connections'), ({ threads = 2 }) => threads)].map(
    ([threads, served]) => ({ threads, names: served.map(({ name }) => name) }),
  );
  it.for(byThreads)('brings back connections whose lease holds, and no others: $names', async ({ names, threads }) => {
    const served = { ...settings('leases', threads), STRATEGIES: names.join(), REDIS_NAMESPACE: `leases-${threads}` };
    // A lease holds for a third more, and outlasts a restart: of this machine, as it is now.
    const ttlMs = Math.max(2_000, Math.ceil(3 * (await restartMs({ ...served, REDIS_NAMESPACE: `times-${threads}` }))));
    const environment = { ...served, CONNECTION_TTL_MS: String(ttlMs) };
    const headers = { 'content-type': 'application/json' };
    const put = async (base: string, id: string) => {
      const body = '{"room":"r","user":"u"}';
      const answer = await fetch(`${base}/connections/${id}`, { method: 'PUT', headers, body });
      return (await answer.json()) as { epoch: number; connectedAt: string };
    };
    const kept = new Map<string, { epoch: number; connectedAt: string }>();
    {
      await using service = await startServiceUnderTest(environment);
      using sockets = new DisposableStack();
      const closed: Promise<number>[] = [];
      const bases = names.map((name) => `${service.url}/v1/${name}`);
      for (const [at, base] of bases.entries()) {
        kept.set(names[at]!, await put(base, 'kept'));
        await put(base, 'left');
        expect((await fetch(`${base}/connections/left`, { method: 'DELETE' })).status).toBe(204);
        closed.push(sockets.use(await SocketClient.open(base, { room: 'r', id: 'socket' })).closed);
        await put(base, 'silent');
      }
      // Until the first lease of `kept` is over, and only renewed ones hold.
      const untilMs = Date.now() + (ttlMs * 5) / 3;
      while (Date.now() < untilMs) {
        for (const base of bases) expect((await beat(base, 'kept')).status).toBe(204);
      }
      for (const base of bases) {
        expect((await listed(base)).connections.map(({ id }) => id).toSorted()).toEqual(['kept', 'socket']);
      }
      expect(await service.stop()).toBe(0);
      expect(await Promise.all(closed)).toEqual(names.map(() => 1001));
    }
    await using service = await startServiceUnderTest(environment);
    for (const [name, before] of kept) {
      const base = `${service.url}/v1/${name}`;
      const { connections, total } = await listed(base);
      expect([name, total]).toEqual([name, 1]);
      const { epoch, connectedAt } = before;
      expect(connections).toMatchObject([{ id: 'kept', room: 'r', user: 'u', epoch, connectedAt }]);
      expect((await put(base, 'kept')).epoch).toBeGreaterThan(before.epoch);
    }
  });
});
