import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeEpoch } from '../../src/origin/redis-start.ts';
import { initialValue } from '../../src/origin/initial-documents.ts';
import { appliedDocuments } from '../support/append-only-file.ts';
import { type Fault, FaultyProxy } from '../support/faulty-proxy.ts';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const CELL = 'one/cache';

describe.skipIf(redisProgram === undefined)('documents in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  async function withRedis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(server.url);
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  it('are there from the start, once for all cells, and made whole where some are missing', async () => {
    const [url, namespace, documents] = [server.url, ownNamespace(), 250];
    await using first = await connectOrigin({ url, namespace, documents });
    const last = { value: initialValue(249), version: 0 };
    expect(await first.loadDocument(`${CELL}/doc-249`)).toEqual(last);
    await first.storeDocument(`${CELL}/doc-1`, '"changed"');
    await withRedis((redis) => redis.hdel(`${namespace}:documents`, 'doc-249'));
    expect(await first.loadDocument(`${CELL}/doc-249`)).toMatchObject({ value: undefined });

    await using second = await connectOrigin({ url, namespace, documents });
    expect(await second.loadDocument(`${CELL}/doc-249`)).toEqual(last);
    expect(await second.loadDocument(`${CELL}/doc-1`)).toMatchObject({ value: '"changed"' });
    expect(await withRedis((redis) => redis.hlen(`${namespace}:documents`))).toBe(documents);

    await using fewer = await connectOrigin({ url, namespace, documents: 100 });
    expect(await fewer.loadDocument(`${CELL}/doc-249`)).toMatchObject({ value: undefined });
  });

  it('are not taken from a process that was fenced out', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using older = await connectOrigin({ url, namespace });
    await using newer = await connectOrigin({ url, namespace });
    await newer.storeDocument(`${CELL}/a`, '"newer"');
    const refused = older.storeDocument(`${CELL}/a`, '"older"');
    await expect(refused).rejects.toMatchObject({ code: 'FENCED', outcome: 'not-applied' });
    await expect(refused).rejects.toThrow(/newer service process.* REDIS_NAMESPACE/);
    await expect(older.deleteDocument(`${CELL}/a`)).rejects.toMatchObject({ code: 'FENCED' });
    expect(await newer.loadDocument(`${CELL}/a`)).toMatchObject({ value: '"newer"' });
  });

  it('have rising numbers even where Redis lost what it had', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace });
    const before = await origin.storeDocument(`${CELL}/a`, '1');
    await withRedis(async (redis) => redis.del(await redis.keys(`${namespace}:*`)));
    expect(await origin.loadDocument(`${CELL}/a`)).toEqual({ value: undefined, version: 0 });
    await expect(origin.storeDocument(`${CELL}/a`, '2')).rejects.toMatchObject({ code: 'FENCED' });
    await using newer = await connectOrigin({ url, namespace });
    expect(await newer.storeDocument(`${CELL}/a`, '3')).toBeGreaterThan(before);
  });

  it('change nothing, numbers included, where something else took the key', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace });
    await withRedis((redis) => redis.set(`${namespace}:${CELL}:documents`, 'not a hash'));
    const refused = origin.storeDocument(`${CELL}/a`, '1');
    await expect(refused).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
    expect(await withRedis((redis) => redis.exists(`${namespace}:${CELL}:last-document`))).toBe(0);
    await withRedis((redis) => redis.lpush(`${namespace}:two/cache:last-document`, 'not a number'));
    await withRedis((redis) => redis.set(`${namespace}:three/cache:last-document`, 'not a number'));
    for (const cell of ['two/cache', 'three/cache']) {
      const second = origin.storeDocument(`${cell}/a`, '1');
      await expect(second).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
      await expect(second).rejects.toThrow(/did not write; take another REDIS_NAMESPACE$/);
      expect(await withRedis((redis) => redis.exists(`${namespace}:${cell}:documents`))).toBe(0);
    }
    await withRedis((redis) => redis.hset(`${namespace}:other/cache:documents`, 'a', 'not an entry'));
    await expect(origin.loadDocument('other/cache/a')).rejects.toThrow(/take another REDIS_NAMESPACE/);
  });

  it('leave nothing behind when they are deleted, but a mark where there was one from the start', async () => {
    const [url, namespace, documents] = [server.url, ownNamespace(), 3];
    await using origin = await connectOrigin({ url, namespace, documents });
    for (const key of ['a', 'b', 'doc-1']) await origin.storeDocument(`${CELL}/${key}`, '1');
    for (const key of ['a', 'doc-1', 'doc-2', 'none']) await origin.deleteDocument(`${CELL}/${key}`);
    const left = await withRedis((redis) => redis.hkeys(`${namespace}:${CELL}:documents`));
    expect(left.toSorted()).toEqual(['b', 'doc-1', 'doc-2']);
    await using next = await connectOrigin({ url, namespace, documents });
    expect(await next.loadDocument(`${CELL}/doc-1`)).toMatchObject({ value: undefined });
    expect(await next.loadDocument(`${CELL}/doc-0`)).toMatchObject({ value: initialValue(0) });
  });

  it('take no more room than they may, over all cells, and give it back', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    await using origin = await connectOrigin({ url, namespace, documents: 1, documentsMb: 1 });
    const value = JSON.stringify('x'.repeat(100_000));
    const store = (key: string, text = value) => origin.storeDocument(`${key.slice(0, 1)}/cache/${key}`, text);
    for (let at = 0; at < 10; at++) await store(`${at % 2 ? 'a' : 'b'}${at}`);
    const refused = store('a10');
    await expect(refused).rejects.toMatchObject({ code: 'CAPACITY', outcome: 'not-applied' });
    await expect(refused).rejects.toThrow(/1 MiB \(ORIGIN_MEMORY_MB\)/);
    expect(await origin.loadDocument('a/cache/a10')).toMatchObject({ value: undefined });
    await store('b0', '1'); // smaller
    await store('a10');
    expect(await origin.deleteDocument('a/cache/a10')).toMatchObject({ existed: true });
    for (let time = 0; time < 20; time++) {
      await store('c0');
      await store('c0');
      await origin.deleteDocument('c/cache/c0');
    }
    for (let at = 0; at < 10; at++)
      await origin.deleteDocument(`${at % 2 ? 'a' : 'b'}/cache/${at % 2 ? 'a' : 'b'}${at}`);
    expect(await withRedis((redis) => redis.get(`${namespace}:document-bytes`))).toBe('0');
    await origin.deleteDocument('a/cache/doc-0'); // a mark stays
    await store('doc-0');
    expect(Number(await withRedis((redis) => redis.get(`${namespace}:document-bytes`)))).toBeGreaterThan(100_000);
  });

  it('are counted at the start where an earlier release did not', async () => {
    const [url, namespace] = [server.url, ownNamespace()];
    const cells = [{ cell: CELL, takes: () => true, limits: [] }];
    await using before = await connectOrigin({ url, namespace });
    for (let at = 0; at < 1_000; at++)
      await before.storeDocument(`${CELL}/k${at}`, JSON.stringify('x'.repeat(at % 50)));
    const counted = await withRedis((redis) => redis.getdel(`${namespace}:document-bytes`));
    await takeEpoch({ url, namespace, timeoutMs: 10_000, documents: 0, cells });
    expect(await withRedis((redis) => redis.get(`${namespace}:document-bytes`))).toBe(counted);
  });

  it('are stored again by nobody when the answer is lost', async () => {
    const faults: Fault[] = [];
    await using durable = await RedisServer.start({ durable: true });
    await using proxy = await FaultyProxy.start({ upstream: durable.url, fault: () => faults.shift() ?? 'none' });
    await using origin = await connectOrigin({ url: proxy.url, directUrl: durable.url, namespace: ownNamespace() });
    await origin.storeDocument(`${CELL}/a`, '0');
    for (const fault of ['lose-reply', 'cut-reply', 'lose-request'] as const) {
      faults.push(fault);
      const lost = origin.storeDocument(`${CELL}/a`, JSON.stringify(fault));
      await expect(lost).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'unknown' });
      await origin.connected();
      await origin.loadDocument(`${CELL}/a`);
    }
    const applied = appliedDocuments(await durable.appendOnlyFiles());
    expect(applied.map(({ key, value }) => [key, value])).toEqual([
      ['a', '0'],
      ['a', '"lose-reply"'],
      ['a', '"cut-reply"'],
    ]);
    const versions = applied.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });
});
