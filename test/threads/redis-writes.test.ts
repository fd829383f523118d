/** The service over HTTP while its Redis answers, and takes no writes. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { anyStrategy } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest } from '../support/service.ts';

const NAMESPACE = 'writes';
/** For a machine five times slower: what is waited for comes within a second or two. */
const HEALED = { timeout: 60_000, interval: 100 };

interface Problem {
  readonly code: string;
  readonly outcome: string;
  readonly detail: string;
}

describe.skipIf(redisProgram === undefined)('a Redis that takes no writes', { timeout: 120_000 }, () => {
  const started = new AsyncDisposableStack();
  let server: RedisServer;
  let redis: Redis;
  let service: ServiceUnderTest;
  const upstream = { upstream: '', fault: () => 'none' as const };
  beforeAll(async () => {
    server = started.use(await RedisServer.start());
    redis = started.adopt(new Redis(server.url), (client) => client.disconnect());
    upstream.upstream = server.url;
    const proxy = started.use(await FaultyProxy.start(upstream));
    service = started.use(
      await startServiceUnderTest({
        THREADS: String(anyStrategy.threads ?? 2),
        STRATEGIES: anyStrategy.name,
        WRITE_THROUGH: 'on',
        REDIS_URL: proxy.url,
        REDIS_NAMESPACE: NAMESPACE,
        ORIGIN_LATENCY_MS: '0',
        ORIGIN_DOCUMENTS: '0',
        ORIGIN_TIMEOUT_MS: '10000',
        REQUEST_TIMEOUT_MS: '20000',
      }),
    );
  });
  afterAll(() => started.disposeAsync());

  const ask = (path: string, init?: RequestInit) => fetch(`${service.url}/v1/${anyStrategy.name}/${path}`, init);
  const increment = () => ask('counters/hits/increment', { method: 'POST' });
  const put = () => {
    const headers = { 'content-type': 'application/json' };
    return ask('cache/page', { method: 'PUT', headers, body: '{"value":1}' });
  };
  async function ready(): Promise<string> {
    const answer = await fetch(`${service.url}/readyz`);
    return answer.status === 200 ? 'ready' : `${answer.status} ${((await answer.json()) as Problem).detail}`;
  }
  const fill = () => redis.config('SET', 'maxmemory', '1');
  const empty = () => redis.config('SET', 'maxmemory', '0');

  /** A strategy that shows nothing before it is stored knows what became of a write: it says so, and 507 for want of room. */
  async function refusal(): Promise<Problem> {
    const refused = await increment();
    const problem = (await refused.json()) as Problem;
    const { code, outcome } = problem;
    const known = [507, 'CAPACITY', 'not-applied'].join();
    const failed = ['unknown', 'not-applied'].map((which) => [502, 'ORIGIN_FAILED', which].join());
    expect([known, ...failed]).toContain([refused.status, code, outcome].join());
    return problem;
  }
  /** What is read is what Redis has in the end. */
  async function isStoredIn(target: Redis): Promise<void> {
    const { value } = (await (await ask('counters/hits')).json()) as { value: number };
    const stored = () => target.hget(`${NAMESPACE}:${anyStrategy.name}/counters`, 'hits');
    await expect.poll(stored, HEALED).toMatch(new RegExp(` n${value}$`));
  }

  it('because its memory is full: increments are refused, or stay and are stored later', async () => {
    expect((await increment()).status).toBe(200);
    await fill();
    expect((await refusal()).detail).toMatch(/no memory left/);
    expect(await ready()).toMatch(/^503 .*no memory left/);
    expect((await ask('counters/hits')).status).toBe(200); // and who reads gets an answer
    await empty();
    await expect.poll(ready, HEALED).toBe('ready');
    await isStoredIn(redis);
  });

  it('because its memory is full: a document for the cache finds no room, and nothing changed', async () => {
    expect((await put()).status).toBe(204);
    await fill();
    const refused = await put();
    expect([refused.status, await refused.json()]).toMatchObject([507, { code: 'CAPACITY', outcome: 'not-applied' }]);
    expect(await ready()).toMatch(/^503 .*no memory left/);
    await empty();
    await expect.poll(async () => (await put()).status, HEALED).toBe(204);
    expect(await ready()).toBe('ready');
  });

  it('because another server is the primary now: increments go there, without a restart', async () => {
    await using successor = await RedisServer.start();
    const other = new Redis(successor.url).on('error', () => {});
    await increment();
    for (const key of await redis.keys(`${NAMESPACE}:*`)) await other.restore(key, 0, await redis.dumpBuffer(key));
    await redis.replicaof('127.0.0.1', 1);
    expect((await refusal()).detail).toMatch(/read-only replica/);
    expect(await ready()).toMatch(/^503 .*(?:read-only replica|not connected)/); // it is looked for on a new connection

    upstream.upstream = successor.url; // the name leads there from now on; nobody cuts the connections
    await expect.poll(ready, HEALED).toBe('ready');
    const answer = async () => (await increment()).json();
    await expect.poll(answer, HEALED).toMatchObject({ key: 'hits' }); // also of the thread that was not asked whether it is ready
    await isStoredIn(other);
    other.disconnect();
  });
});
