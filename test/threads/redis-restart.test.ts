import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { startServiceUnderTest } from '../support/service.ts';

const restorable = strategies.filter(({ kind }) => kind === 'strategy' || kind === 'baseline');

describe.skipIf(redisProgram === undefined)('a restart of the process, with Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.for(restorable)('brings back everything that was acknowledged: $name', async ({ name, threads = 2 }) => {
    const settings = {
      THREADS: String(threads),
      STRATEGIES: name,
      WRITE_THROUGH: 'on',
      REDIS_URL: server.url,
      REDIS_NAMESPACE: `restart-${name}`,
      ORIGIN_LATENCY_MS: '0',
    };
    const write = (url: string, path: string, init: RequestInit) => fetch(`${url}/v1/${name}/${path}`, init);
    const json = { 'content-type': 'application/json', 'if-match': '*' };
    {
      await using service = await startServiceUnderTest(settings);
      for (let at = 0; at < 5; at++) await write(service.url, 'counters/kept/increment', { method: 'POST' });
      await write(service.url, 'counters/gone/increment', { method: 'POST' });
      expect((await write(service.url, 'counters/gone', { method: 'DELETE' })).status).toBe(204);
      await write(service.url, 'config', { method: 'PUT', headers: json, body: '{"values":{"colour":"blue"}}' });
      expect(await service.stop()).toBe(0);
    }
    await using service = await startServiceUnderTest(settings);
    const read = async (path: string) => (await fetch(`${service.url}/v1/${name}/${path}`)).json();
    expect(await read('counters')).toEqual({ counters: [{ key: 'kept', value: 5 }], total: 1 });
    expect(await read('config')).toEqual({ version: 2, values: { colour: 'blue' } });

    // What is written from here on is newer than what was there before.
    const next = await write(service.url, 'counters/kept/increment', { method: 'POST' });
    expect(await next.json()).toEqual({ key: 'kept', value: 6 });
    const again = await write(service.url, 'config', { method: 'PUT', headers: json, body: '{"values":{}}' });
    expect(await again.json()).toEqual({ version: 3, values: {} });
  });
});
