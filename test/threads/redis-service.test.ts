import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { anyStrategy, sharing } from '../support/served.ts';
import { startServiceUnderTest, stopCleanly } from '../support/service.ts';
import { SocketClient } from '../support/socket-client.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What keeps its state in Redis itself. */
const direct = strategies.filter(({ needs }) => needs === 'redis');

function increment(url: string, strategy: string): Promise<Response> {
  return fetch(`${url}/v1/${strategy}/counters/hits/increment`, { method: 'POST' });
}

it('does not start while Redis cannot be reached, and says so in one line', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
    env: { PORT: '0', REDIS_URL: 'redis://user:secret@127.0.0.1:1', ORIGIN_TIMEOUT_MS: '500' },
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stdout).toMatch(/cannot start: Redis did not accept .*ECONNREFUSED.*check REDIS_URL/);
  expect(stdout + stderr).not.toMatch(/secret|at .*\.ts/);
});

describe.skipIf(redisProgram === undefined)('the service with Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  const settings = (namespace: string) => ({
    THREADS: '2',
    WRITE_THROUGH: 'on',
    REDIS_URL: server.url,
    REDIS_NAMESPACE: namespace,
    ORIGIN_LATENCY_MS: '0',
  });

  it('stores there what it acknowledges, from every thread, and ends without leaving a connection', async () => {
    const namespace = ownNamespace();
    await using service = await startServiceUnderTest(settings(namespace));
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    for (const { name } of sharing) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => increment(service.url, name)));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    }
    await stopCleanly(service);
    await using origin = await connectOrigin({ url: server.url, namespace });
    for (const { name } of sharing) {
      const [kept] = await Array.fromAsync(origin.restore(`${name}/counters`));
      expect(kept).toMatchObject({ key: 'hits', value: 20 });
    }
  });

  it.for([anyStrategy, ...direct])(
    'refuses the writes of a process once a newer one has started: $name',
    async ({ name }) => {
      const own = { ...settings(ownNamespace()), STRATEGIES: name };
      await using older = await startServiceUnderTest(own);
      expect((await increment(older.url, name)).status).toBe(200);
      await using newer = await startServiceUnderTest(own);
      const refused = await increment(older.url, name);
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({
        code: 'FENCED',
        outcome: 'not-applied',
        detail: expect.stringMatching(/service process has taken over/) as unknown,
      });
      expect((await increment(newer.url, name)).status).toBe(200);
      const read = await fetch(`${older.url}/v1/${name}/counters/hits`);
      expect([read.status, await read.json()]).toMatchObject([503, { code: 'FENCED' }]);
      const logged = () => older.output().match(/has taken over REDIS_NAMESPACE/g) ?? [];
      await expect.poll(logged, { timeout: 20_000 }).toHaveLength(1);

      const ready = await fetch(`${older.url}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({ detail: expect.stringMatching(/newer service process/) as unknown });
      expect((await fetch(`${newer.url}/readyz`)).status).toBe(200);
    },
  );

  it('refuses administration and closes the WebSockets of a process once a newer one has started, which ends with 0', async () => {
    const { name, threads = 2 } = anyStrategy;
    const controls = { CONTROLS: 'on', ADMIN_TOKEN: 'token', THREADS: String(threads) };
    const own = { ...settings(ownNamespace()), ...controls, STRATEGIES: name };
    await using older = await startServiceUnderTest(own);
    const base = `${older.url}/v1/${name}`;
    using sockets = new DisposableStack();
    const open = (id: string) => SocketClient.open(base, { room: 'r', id });
    const clients = await Promise.all(Array.from({ length: 8 }, (_, at) => open(`c${at}`)));
    for (const client of clients) sockets.use(client);
    await using _newer = await startServiceUnderTest(own);
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(clients.map(() => 1001));
    await expect(open('later')).rejects.toThrow(/503/);
    for (const path of ['recover', 'reset', 'faults']) {
      const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };
      const answer = await fetch(`${base}/${path}`, { method: 'POST', headers, body: '{"kind":"origin-fail"}' });
      expect([path, answer.status, await answer.json()]).toMatchObject([path, 503, { code: 'FENCED' }]);
    }
    for (const path of ['counters', 'cache/doc-1', 'connections', 'rooms', 'config']) {
      expect([path, (await fetch(`${base}/${path}`)).status]).toEqual([path, 503]);
    }
    expect((await fetch(`${older.url}/readyz`)).status).toBe(503);
    await stopCleanly(older);
  });

  it('leaves nothing of the WebSockets of killed processes there', async () => {
    const { name, threads = 2 } = anyStrategy;
    const own = { ...settings(ownNamespace()), THREADS: String(threads), STRATEGIES: name };
    const redis = new Redis(server.url);
    for (let life = 0; life < 3; life++) {
      await using service = await startServiceUnderTest(own);
      using sockets = new DisposableStack();
      for (let at = 0; at < 5; at++) {
        sockets.use(await SocketClient.open(`${service.url}/v1/${name}`, { room: 'r', id: `${life}-${at}` }));
      }
      expect(await redis.hlen(`${own.REDIS_NAMESPACE}:${name}/connections`)).toBe(5);
      process.kill(service.pid, 'SIGKILL');
    }
    redis.disconnect();
  });

  it.for(direct)('makes the next commands fail when asked to: $name', async ({ name }) => {
    const controls = { STRATEGIES: name, CONTROLS: 'on', ADMIN_TOKEN: 'token', ORIGIN_TIMEOUT_MS: '500' };
    await using service = await startServiceUnderTest({ ...settings(ownNamespace()), ...controls });
    const inject = (fault: object) =>
      fetch(`${service.url}/v1/${name}/faults`, {
        method: 'POST',
        headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
    await inject({ kind: 'origin-fail' });
    const failed = await increment(service.url, name);
    expect([failed.status, await failed.json()]).toMatchObject([502, { outcome: 'not-applied' }]);
    await inject({ kind: 'origin-delay', delayMs: 1_000 });
    const late = await increment(service.url, name);
    expect([late.status, await late.json()]).toMatchObject([504, { outcome: 'unknown' }]);
    const read = async () => (await fetch(`${service.url}/v1/${name}/counters/hits`)).json();
    await expect.poll(read, { timeout: 5_000 }).toMatchObject({ value: 1 }); // it arrived after nobody waited any more
  });

  it('logs once per thread that Redis was lost, and once that it is back and how long it was away', async () => {
    await using own = await RedisServer.start({ durable: true });
    await using service = await startServiceUnderTest({ ...settings(ownNamespace()), REDIS_URL: own.url });
    const ready = async () => (await fetch(`${service.url}/readyz`)).status;
    await own.kill();
    await expect.poll(ready).toBe(503);
    await own.restart();
    await expect.poll(ready, { timeout: 10_000 }).toBe(200);
    const logged = (text: RegExp) =>
      service
        .output()
        .split('\n')
        .filter((line) => text.test(line));
    const threads = 3; // two for HTTP and the owner
    await expect.poll(() => logged(/Redis is back/).length, { timeout: 10_000 }).toBe(threads);
    expect(logged(/to Redis was lost/)).toHaveLength(threads);
    expect(logged(/"awayMs":[1-9]\d*,.*Redis is back/)).toHaveLength(threads);
  });
});
