import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FenceWatch } from '../../src/origin/fence-watch.ts';
import { takeEpoch } from '../../src/origin/redis-start.ts';
import { SharedOrigin } from '../../src/origin/shared-origin.ts';
import { readSettings } from '../../src/settings.ts';
import { storedCells } from '../../src/threads/stored-cells.ts';
import { anyStrategy } from '../support/served.ts';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const TIMEOUT_MS = 10_000;

const stored = (more: object) =>
  JSON.stringify({ details: '"room":"r"', epoch: 1, connectedAtMs: 1, lastSeenAtMs: Date.now(), ...more });

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

  const { name } = anyStrategy;
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

  interface Spoilt {
    readonly resource: 'counters' | 'cache' | 'connections' | 'config';
    readonly what: string;
    readonly settings?: Record<string, string>;
    /** @param key of the strategy's part of the namespace */
    readonly spoil: (key: string) => Promise<unknown>;
    readonly message: RegExp;
  }
  const spoilt: readonly Spoilt[] = [
    {
      resource: 'counters',
      what: 'more counters than fit',
      settings: { COUNTERS_CAPACITY: '2' },
      spoil: (key) => redis.hset(`${key}/counters`, 'a', '1 1 n1', 'b', '1 2 n1', 'c', '1 3 n1', 'gone', '1 4 d'),
      message: /has 3 counters of ".*\/counters", and COUNTERS_CAPACITY allows 2; raise it/,
    },
    {
      resource: 'counters',
      what: 'a foreign entry',
      spoil: (key) => redis.hset(`${key}/counters`, 'a', 'mine'),
      message: /did not write/,
    },
    {
      resource: 'counters',
      what: 'a counter that is no number',
      spoil: (key) => redis.hset(`${key}/counters`, 'a', '1 1 sone'),
      message: /did not write/,
    },
    {
      resource: 'counters',
      what: 'foreign tombstones',
      spoil: (key) => redis.set(`${key}/counters:tombstones`, 'x'),
      message: /has a string under/,
    },
    {
      resource: 'connections',
      what: 'more connections than fit',
      settings: { CONNECTIONS_CAPACITY: '1' },
      spoil: (key) => redis.hset(`${key}/connections`, 'a', `1 1 s${stored({})}`, 'b', `1 2 s${stored({})}`),
      message: /has 2 connections of ".*\/connections", and CONNECTIONS_CAPACITY allows 1; raise it/,
    },
    {
      resource: 'connections',
      what: 'connections with more bytes than fit, as memory keeps them',
      settings: { CONNECTIONS_MEMORY_MB: '1' },
      spoil: (key) => {
        // 1,023 bytes each: as many fit into 1 MiB, but for what the arena adds.
        const details = `"room":"r","meta":"${'x'.repeat(963)}"`;
        const entries = Array.from({ length: 1_024 }, (_, at) => [`c${at}`, `1 1 s${stored({ details })}`]);
        return redis.hset(`${key}/connections`, ...entries.flat());
      },
      message: /bytes of ".*\/connections", and CONNECTIONS_MEMORY_MB=1 allows 1048576/,
    },
    {
      resource: 'connections',
      what: 'a connection that cannot be read',
      spoil: (key) => redis.hset(`${key}/connections`, 'a', '1 1 s{"epoch":1}'),
      message: /did not write/,
    },
    {
      resource: 'config',
      what: 'a config that cannot be read',
      spoil: (key) => redis.hset(`${key}/config`, 'document', '1 1 s{"version":'),
      message: /did not write/,
    },
    {
      resource: 'config',
      what: 'a hash of something else',
      spoil: (key) => redis.set(`${key}/config`, 'mine'),
      message: /has a string under ".*\/config"/,
    },
    {
      resource: 'cache',
      what: 'foreign documents',
      spoil: (key) => redis.set(`${key}/cache:documents`, 'x'),
      message: /has a string under/,
    },
  ];
  /** A fork may have fewer resources. */
  const served = new Set(storedCells(settingsWith({})).map(({ cell }) => cell));
  const here = spoilt.filter(({ resource }) => served.has(`${name}/${resource}`));

  it.for(here)('that finds $what fails, says so, and fences nobody out', async ({ settings, spoil, message }) => {
    const namespace = ownNamespace();
    await using older = await healthy(namespace);
    await spoil(`${namespace}:${name}`);
    await expect(start(namespace, settings)).rejects.toThrow(message);
    await older.store([{ key: 'other/counters/a', value: 1, version: 1 }]);
    expect(await older.problem({ remainingMs: TIMEOUT_MS })).toBeUndefined();
    expect(older.shared.isFenced).toBe(false);
  });

  it.for(['hset', 'zadd', 'hscan', 'set', 'exists', 'type', 'evalsha|eval'])(
    'fails without permission for %s',
    async (command) => {
      const namespace = ownNamespace();
      await using older = await healthy(namespace);
      const denied = command.split('|').map((each) => `-${each}`);
      await redis.acl('SETUSER', 'limited', 'reset', 'on', '>word', '~*', '+@all', ...denied);
      const refused = start(namespace, {}, `${server.url}?username=limited&password=word`);
      await expect(refused).rejects.toThrow(/does not permit its user what this service needs/);
      await older.store([{ key: 'other/counters/a', value: 1, version: 1 }]);
    },
  );

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
