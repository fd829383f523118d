import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FenceWatch } from '../../src/origin/fence-watch.ts';
import { takeEpoch } from '../../src/origin/redis-start.ts';
import { SharedOrigin } from '../../src/origin/shared-origin.ts';
import { readSettings } from '../../src/settings.ts';
import { storedCells } from '../../src/threads/stored-cells.ts';
import { sharing } from '../support/served.ts';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const TIMEOUT_MS = 10_000;

describe.skipIf(redisProgram === undefined)('a start on Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis?.disconnect();
    await server?.[Symbol.asyncDispose]();
  });

  const name = sharing[0]!.name;
  const settingsWith = (more: Record<string, string>) =>
    readSettings({ THREADS: '2', WRITE_THROUGH: 'on', STRATEGIES: name, ...more });

  /** A service process that is healthy and goes on writing, also while another one starts. */
  async function healthy(namespace: string) {
    const shared = new SharedOrigin();
    const origin = await connectOrigin({ url: server.url, namespace, shared, timeoutMs: TIMEOUT_MS });
    return Object.assign(origin, { shared });
  }

  const start = (namespace: string, more: Record<string, string> = {}, url = server.url) =>
    takeEpoch({ url, namespace, timeoutMs: TIMEOUT_MS, documents: 0, cells: storedCells(settingsWith(more)) });

  it.for<[string, Record<string, string>, (key: string) => Promise<unknown>, RegExp]>([
    [
      'more counters than fit',
      { COUNTERS_CAPACITY: '2' },
      (key) => redis.hset(`${key}/counters`, 'a', '1 1 n1', 'b', '1 2 n1', 'c', '1 3 n1', 'gone', '1 4 d'),
      /has 3 counters of ".*\/counters", and COUNTERS_CAPACITY allows 2; raise it/,
    ],
    [
      'more connections than fit',
      { CONNECTIONS_CAPACITY: '1' },
      async (key) => {
        const lastSeenAtMs = Date.now();
        for (const id of ['a', 'b']) {
          const stored = { details: '"room":"r"', epoch: 1, connectedAtMs: lastSeenAtMs, lastSeenAtMs };
          await redis.hset(`${key}/connections`, id, `1 1 s${JSON.stringify(stored)}`);
        }
      },
      /has 2 connections of ".*\/connections", and CONNECTIONS_CAPACITY allows 1; raise it/,
    ],
    ['a hash of something else', {}, (key) => redis.set(`${key}/config`, 'mine'), /has a string under ".*\/config"/],
    ['a foreign entry', {}, (key) => redis.hset(`${key}/counters`, 'a', 'mine'), /did not write/],
    ['foreign tombstones', {}, (key) => redis.set(`${key}/counters:tombstones`, 'x'), /has a string under/],
    ['foreign documents', {}, (key) => redis.set(`${key}/cache:documents`, 'x'), /has a string under/],
  ])('that finds %s fails, says so, and fences nobody out', async ([, settings, spoil, message]) => {
    const namespace = ownNamespace();
    await using older = await healthy(namespace);
    await spoil(`${namespace}:${name}`);
    await expect(start(namespace, settings)).rejects.toThrow(message);
    await older.store([{ key: 'other/counters/a', value: 1, version: 1 }]);
    expect(await older.problem({ remainingMs: TIMEOUT_MS })).toBeUndefined();
    expect(older.shared.isFenced).toBe(false);
  });

  it.for(['hset', 'zadd', 'hscan', 'set', 'evalsha|eval'])('fails without permission for %s', async (command) => {
    const namespace = ownNamespace();
    await using older = await healthy(namespace);
    const denied = command.split('|').map((each) => `-${each}`);
    await redis.acl('SETUSER', 'limited', 'reset', 'on', '>word', '~*', '+@all', ...denied);
    const refused = start(namespace, {}, `${server.url}?username=limited&password=word`);
    await expect(refused).rejects.toThrow(/does not permit its user what this service needs/);
    await older.store([{ key: 'other/counters/a', value: 1, version: 1 }]);
  });

  it('fails on a database that is not there, and writes to no other', async () => {
    const namespace = ownNamespace();
    await expect(start(namespace, {}, `${server.url}?db=99`)).rejects.toThrow(
      /^Redis has no database of the number in REDIS_URL$/,
    );
    expect(await redis.keys(`${namespace}:*`)).toEqual([]);
  });

  it('fails on a full server, says what is wrong, and fences nobody out', async () => {
    const namespace = ownNamespace();
    await using full = await RedisServer.start();
    await using older = await connectOrigin({ url: full.url, namespace, timeoutMs: TIMEOUT_MS });
    const own = new Redis(full.url);
    await own.config('SET', 'maxmemory', '1');
    await expect(start(namespace, {}, full.url)).rejects.toMatchObject({
      code: 'CAPACITY',
      message: expect.stringMatching(/^Redis has no memory left for writes; raise its maxmemory/) as unknown,
    });
    await own.config('SET', 'maxmemory', '0');
    own.disconnect();
    await older.store([{ key: 'other/counters/a', value: 1, version: 1 }]);
  });

  it('has everything that a live writer was acknowledged before it was fenced out', async () => {
    const namespace = ownNamespace();
    await using older = await healthy(namespace);
    let acknowledged = 0;
    const begun = Promise.withResolvers<void>();
    const writing = (async () => {
      for (let version = 1; ; version++) {
        await older.store([{ key: `${name}/counters/a`, value: version, version }]);
        acknowledged = version;
        if (version === 20) begun.resolve();
      }
    })().catch((error: { code: string }) => error.code);
    await begun.promise;
    await using newer = await connectOrigin({ url: server.url, namespace, timeoutMs: TIMEOUT_MS });
    const [kept] = await Array.fromAsync(newer.restore(`${name}/counters`));
    expect(await writing).toBe('FENCED');
    expect(older.shared.isFenced).toBe(true);
    expect(kept).toMatchObject({ key: 'a', value: acknowledged });
  });

  it('is noticed by the process that it fences out, also where nothing is written', async () => {
    const namespace = ownNamespace();
    await using older = await healthy(namespace);
    const { epoch, shared } = older;
    const noticed = Promise.withResolvers<void>();
    const watch = new FenceWatch({
      url: server.url,
      timeoutMs: TIMEOUT_MS,
      namespace,
      epoch,
      shared,
      onFencedOut: noticed.resolve,
    });
    await using _newer = await connectOrigin({ url: server.url, namespace });
    await noticed.promise;
    expect(shared.isFenced).toBe(true);
    await watch.stop();
  });
});
