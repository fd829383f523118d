import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { anyStrategy, sharing } from '../support/served.ts';
import { startServiceUnderTest, stopCleanly } from '../support/service.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

function increment(url: string, strategy: string): Promise<Response> {
  return fetch(`${url}/v1/${strategy}/counters/hits/increment`, { method: 'POST' });
}

it('does not start while Redis cannot be reached, and says so in one line', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
    env: { PORT: '0', REDIS_URL: 'redis://user:secret@127.0.0.1:1', ORIGIN_TIMEOUT_MS: '100' },
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
      expect(kept).toMatchObject({ key: 'hits', value: 20, epoch: 1 });
    }
  });

  it('refuses the writes of a process once a newer one has started', async () => {
    const namespace = ownNamespace();
    await using older = await startServiceUnderTest(settings(namespace));
    expect((await increment(older.url, anyStrategy.name)).status).toBe(200);
    await using newer = await startServiceUnderTest(settings(namespace));
    const refused = await increment(older.url, anyStrategy.name);
    expect(refused.status).toBe(502);
    expect(await refused.json()).toMatchObject({
      code: 'ORIGIN_FAILED',
      detail: expect.stringMatching(/newer service process/) as unknown,
    });
    expect((await increment(newer.url, anyStrategy.name)).status).toBe(200);
  });
});
