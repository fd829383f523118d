import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisOrigin } from '../../src/origin/redis.ts';
import { takeEpoch } from '../../src/origin/redis-start.ts';
import { SharedOrigin } from '../../src/origin/shared-origin.ts';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { documentContract } from './document-contract.ts';
import { INITIAL_DOCUMENTS, originContract, type OriginRig } from './origin-contract.ts';

const CELL = 'one/counters';
const TIMEOUT_MS = 500;

let server: RedisServer;

async function startRedisRig(): Promise<OriginRig> {
  const { url } = server;
  const namespace = ownNamespace();
  const timeoutMs = TIMEOUT_MS;
  const documents = INITIAL_DOCUMENTS;
  const epoch = await takeEpoch({ url, namespace, timeoutMs: 1_000, documents });
  const [origin, other] = await Promise.all([
    connectOrigin({ url, namespace, epoch, timeoutMs, latencyMs: 1, documents }),
    connectOrigin({ url, namespace, epoch, timeoutMs, latencyMs: 1, documents }),
  ]);
  return {
    origin,
    other,
    timeoutMs,
    silence: () => server.pause(),
    wake: () => server.resume(),
    async [Symbol.asyncDispose]() {
      server.resume();
      await Promise.all([origin.close(), other.close()]);
    },
  };
}

async function entries(origin: RedisOrigin, cell = CELL) {
  return (await Array.fromAsync(origin.restore(cell))).toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

describe.skipIf(redisProgram === undefined)('origin / Redis', () => {
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.for([...originContract, ...documentContract])('$name', async (promise) => {
    await using rig = await startRedisRig();
    await promise.run(rig);
  });

  it('lets the newer service process fence the older out', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using older = await connectOrigin({ url, namespace });
    await older.store([{ key: `${CELL}/a`, value: 'older', version: 100 }]);
    await using newer = await connectOrigin({ url, namespace });
    await newer.store([{ key: `${CELL}/a`, value: 'newer', version: 1 }]);

    const refused = older.store([{ key: `${CELL}/a`, value: 'older', version: 101 }]);
    await expect(refused).rejects.toMatchObject({ code: 'FENCED', outcome: 'not-applied' });
    await expect(refused).rejects.toThrow(/newer service process.* REDIS_NAMESPACE/);
    expect(await newer.load(`${CELL}/a`)).toEqual({ value: 'newer', version: 1 });
  });

  it('gives later epochs although Redis lost what it had, and fences out those of before', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using older = await connectOrigin({ url, namespace });
    await older.store([{ key: `${CELL}/a`, value: 'older', version: 1 }]);
    const redis = new Redis(url);
    await redis.del(await redis.keys(`${namespace}:*`));
    const homeless = older.store([{ key: `${CELL}/a`, value: 'lost', version: 2 }]);
    await expect(homeless).rejects.toMatchObject({ code: 'FENCED', outcome: 'not-applied' });
    await expect(homeless).rejects.toThrow(/has lost what it had/);
    expect(await redis.keys(`${namespace}:*`)).toEqual([]);
    redis.disconnect();

    await using newer = await connectOrigin({ url, namespace });
    expect(newer.epoch).toBeGreaterThan(older.epoch);
    await newer.store([{ key: `${CELL}/a`, value: 'newer', version: 1 }]);
    await expect(older.store([{ key: `${CELL}/a`, value: 'older', version: 3 }])).rejects.toMatchObject({
      code: 'FENCED',
    });
    expect(await newer.load(`${CELL}/a`)).toEqual({ value: 'newer', version: 1 });
  });

  it('takes an epoch later than that of every entry, whatever the clock says', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    const epoch = 9_000_000_000_000_000;
    const redis = new Redis(url);
    await redis.set(`${namespace}:epoch`, String(epoch - 1));
    await redis.hset(`${namespace}:${CELL}`, 'a', `${epoch} 7 n1`);
    redis.disconnect();
    const cells = [{ cell: CELL, takes: () => true, limits: [] }];
    expect(await takeEpoch({ url, namespace, timeoutMs: 1_000, documents: 0, cells })).toBe(epoch + 1);
  });

  it('keeps namespaces apart', async () => {
    await using one = await connectOrigin({ url: server.url, namespace: ownNamespace() });
    await using two = await connectOrigin({ url: server.url, namespace: ownNamespace() });
    await one.store([{ key: `${CELL}/a`, value: 1, version: 1 }]);
    expect(await two.load(`${CELL}/a`)).toBeUndefined();
  });

  it('gives a cell back as it is: each key once, without deletions and without other cells', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using before = await connectOrigin({ url, namespace });
    const count = 2_500; // more than one command stores, and more than one step of a restore
    const writes = Array.from({ length: count }, (_, at) => ({ key: `${CELL}/k${at}`, value: at, version: at + 1 }));
    await before.store([...writes, { key: `${CELL}x/k0`, value: 'other', version: 1 }]);
    await before.store([{ key: `${CELL}/k7`, value: undefined, version: count + 1 }]);

    await using after = await connectOrigin({ url, namespace });
    const found = await entries(after);
    const epoch = found[0]!.epoch;
    const kept = writes
      .toSpliced(7, 1)
      .map(({ key, value, version }) => ({ key: key.slice(CELL.length + 1), value, version, epoch }));
    expect(found).toEqual(kept.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
    expect(await entries(after, 'one/nothing')).toEqual([]);
  });

  it('stores nothing of a batch that Redis refuses', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace });
    const redis = new Redis(url);
    await redis.set(`${namespace}:other/config`, 'not a hash');
    await redis.hset(`${namespace}:other/counters`, 'a', 'not an entry');
    redis.disconnect();
    for (const key of ['other/config/a', 'other/counters/a']) {
      const refused = origin.store([
        { key: `${CELL}/a`, value: 1, version: 1 },
        { key, value: 1, version: 1 },
      ]);
      await expect(refused).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
    }
    expect(await origin.load(`${CELL}/a`)).toBeUndefined();
    await expect(origin.load('other/counters/a')).rejects.toThrow(/REDIS_NAMESPACE/);
  });

  it('looks at the type of every key before it changes the first', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace });
    const redis = new Redis(url);
    await redis.set(`${namespace}:${CELL}:tombstones`, 'not a sorted set');
    await redis.set(`${namespace}:other/counters:tombstones`, 'not a sorted set');
    const writes = ['a', 'b', 'c'].map((key, at) => ({ key: `${CELL}/${key}`, value: at, version: 1 }));
    const refused = origin.store([...writes, { key: `${CELL}/d`, value: undefined, version: 1 }]);
    await expect(refused).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
    expect(await redis.exists(`${namespace}:${CELL}`)).toBe(0);
    const across = origin.store([
      { key: 'one/config/a', value: 1, version: 1 },
      { key: 'other/counters/a', value: undefined, version: 1 },
    ]);
    await expect(across).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
    expect(await redis.exists(`${namespace}:one/config`)).toBe(0);
    redis.disconnect();
  });

  it('sends the script again to a server that forgot it', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace });
    await origin.store([{ key: `${CELL}/a`, value: 1, version: 1 }]);
    const redis = new Redis(url);
    await redis.script('FLUSH');
    redis.disconnect();
    await origin.store([{ key: `${CELL}/a`, value: 2, version: 2 }]);
    expect(await origin.load(`${CELL}/a`)).toEqual({ value: 2, version: 2 });
  });

  it('forgets deletions in the end, a key that was written again stays', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace, tombstoneTtlMs: 1 });
    const remove = (key: string, version: number) => ({ key: `${CELL}/${key}`, value: undefined, version });
    await origin.store([remove('old', 1), remove('back', 1)]);
    await origin.store([{ key: `${CELL}/back`, value: 2, version: 2 }]);
    let version = 1;
    const forgotten = async () => {
      await origin.store([remove('others', ++version)]); // deletions are what clears older ones
      return origin.load(`${CELL}/old`);
    };
    await expect.poll(forgotten, { interval: 2 }).toBeUndefined();
    expect(await origin.load(`${CELL}/back`)).toEqual({ value: 2, version: 2 });
  });

  it('remembers no more deletions than it may, and says for how long', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    const bounds = { maxTombstones: 100, tombstoneTtlMs: 3_600_000 };
    await using origin = await connectOrigin({ url, namespace, ...bounds });
    const remove = (at: number) => ({ key: `${CELL}/k${at}`, value: undefined, version: 1 });
    await origin.store(Array.from({ length: 99 }, (_, at) => remove(at)));
    expect(origin.deletionsFullMs(`${CELL}/any`)).toBe(0);
    await origin.store([remove(99)]);
    expect(origin.deletionsFullMs(`${CELL}/any`)).toBeGreaterThan(3_000_000);
    expect(origin.deletionsFullMs('other/counters/any')).toBe(0);
    await origin.store([{ key: `${CELL}/k7`, value: 1, version: 2 }]); // is there again, and remembered no more
    expect(origin.deletionsFullMs(`${CELL}/any`)).toBe(0);
    await origin.store([{ key: `${CELL}/k8`, value: 1, version: 1 }]);
    expect(await origin.load(`${CELL}/k8`)).toEqual({ value: undefined, version: 1 }); // a stale write brings nothing back
  });

  it('remembers a deletion for as long as a thread has an older write to store again', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    const shared = new SharedOrigin();
    shared.setUnstored(1, 60_000);
    await using origin = await connectOrigin({ url, namespace, tombstoneTtlMs: 1, shared });
    const remove = (key: string, version: number) => ({ key: `${CELL}/${key}`, value: undefined, version });
    await origin.store([remove('a', 2)]);
    for (let at = 0; at < 20; at++) await origin.store([remove(`k${at}`, 1)]);
    await origin.store([{ key: `${CELL}/a`, value: 1, version: 1 }]); // which it stores now
    expect(await origin.load(`${CELL}/a`)).toEqual({ value: undefined, version: 2 });
    shared.setUnstored(1, undefined);
    const forgotten = async () => {
      await origin.store([remove('others', Date.now())]);
      return origin.load(`${CELL}/a`);
    };
    await expect.poll(forgotten, { interval: 2, timeout: 20_000 }).toBeUndefined();
  });

  it('leaves nothing there at the next start of what is not taken over', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    for (let life = 0; life < 4; life++) {
      await using origin = await connectOrigin({ url, namespace });
      const found = await Array.fromAsync(origin.restore(CELL, (value) => value === 'kept'));
      expect(found.map(({ key }) => key)).toEqual(life === 0 ? [] : ['kept']);
      const writes = Array.from({ length: 1_500 }, (_, at) => ({
        key: `${CELL}/${life}-${at}`,
        value: at % 2 ? 'dead' : undefined,
        version: at + 1,
      }));
      await origin.store([...writes, { key: `${CELL}/kept`, value: 'kept', version: 9_999 }]);
    }
    const redis = new Redis(url);
    expect(await redis.hlen(`${namespace}:${CELL}`)).toBe(1_501); // of the last life
    expect(await redis.zcard(`${namespace}:${CELL}:tombstones`)).toBe(750);
    redis.disconnect();
  });

  it('adds its latency, and what has left arrives although nobody waits any more', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace, latencyMs: 40 });
    const startedMs = performance.now();
    await origin.store([{ key: `${CELL}/a`, value: 1, version: 1 }]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(39);
    const given = origin.store([{ key: `${CELL}/a`, value: 2, version: 2 }], { remainingMs: 5 });
    await expect(given).rejects.toMatchObject({ code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
    await expect.poll(() => origin.load(`${CELL}/a`)).toEqual({ value: 2, version: 2 });
  });

  it('says that nothing was sent while it is not connected, at once, and is back by itself', async () => {
    await using own = await RedisServer.start({ durable: true });
    const [url, namespace] = [own.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace, timeoutMs: 5_000 });
    await origin.store([{ key: `${CELL}/a`, value: 1, version: 1 }]);
    await own.kill();
    const outcomes = async () => (await origin.load(`${CELL}/a`).catch((error: Error) => error)) as Error;
    await expect.poll(async () => (await outcomes()).message).toMatch(/not connected .*nothing was sent/);
    const startedMs = performance.now();
    const refused = origin.store([{ key: `${CELL}/a`, value: 2, version: 2 }]);
    await expect(refused).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
    expect(performance.now() - startedMs).toBeLessThan(1_000);

    await own.restart();
    await origin.connected();
    expect(await origin.load(`${CELL}/a`)).toEqual({ value: 1, version: 1 });
  });

  it('says in one sentence that Redis cannot be reached', async () => {
    const unreachable = takeEpoch({ url: 'redis://127.0.0.1:1', namespace: 'none', timeoutMs: 100, documents: 0 });
    await expect(unreachable).rejects.toThrow(
      /not accept a connection within 100 ms .*ECONNREFUSED.*; check REDIS_URL$/,
    );
  });
});
