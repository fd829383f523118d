import { Redis, ReplyError } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalKind, refused } from '../../src/origin/redis-refusals.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { connectOrigin, ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const CELL = 'one/counters';
const TIMEOUT_MS = 10_000;
const write = (key: string, version = 1) => ({ key: `${CELL}/${key}`, value: version, version });

function reply(message: string): Error {
  return new (ReplyError as new (message: string) => Error)(message);
}

describe('an answer of Redis that refuses', () => {
  it.for([
    ["READONLY You can't write against a read only replica. script: 9f3c, on @user_script:25.", 'READONLY'],
    ['ERR Error running script (call to f_9f3c): @user_script:25: @user_script: 25: -OOM command not allowed', 'OOM'],
    ["ERR The user executing the script can't run this command or subcommand script: 9f3c", 'NOPERM'],
    ['NOPERM this user has no permissions', 'NOPERM'],
    ['ERR DB index is out of range', 'DATABASE'],
    ['FENCED there is another epoch script: 9f3c, on @user_script:4.', 'FENCED'],
    ['ERR unknown command', 'ERR'],
    ['something without a word of its own', 'ERR'],
  ] as const)('%s: %s', ([message, kind]) => {
    expect(refusalKind(reply(message))).toBe(kind);
    const { message: told } = refused(reply(message), 'unknown');
    expect(told).not.toMatch(/script|9f3c|user_|@/);
  });

  it('is "not applied" only where it comes before the first change', () => {
    for (const kind of ['OOM', 'READONLY', 'MISCONF', 'NOREPLICAS', 'WRONGTYPE', 'FOREIGN', 'LOADING']) {
      expect(refused(reply(`${kind} x`), 'unknown').outcome).toBe('not-applied');
    }
    for (const kind of ['NOPERM', 'ERR', 'SOMETHING'])
      expect(refused(reply(`${kind} x`), 'unknown').outcome).toBe('unknown');
  });
});

describe.skipIf(redisProgram === undefined)('a Redis that refuses writes', () => {
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

  it.for<[string, string[][], string[][], object, RegExp]>([
    [
      'out of memory',
      [['CONFIG', 'SET', 'maxmemory', '1']],
      [['CONFIG', 'SET', 'maxmemory', '0']],
      { code: 'CAPACITY' },
      /no memory left/,
    ],
    [
      'without enough replicas',
      [['CONFIG', 'SET', 'min-replicas-to-write', '1']],
      [['CONFIG', 'SET', 'min-replicas-to-write', '0']],
      { code: 'ORIGIN_FAILED' },
      /too few replicas/,
    ],
    [
      'that is a replica',
      [['REPLICAOF', '127.0.0.1', '1']],
      [['REPLICAOF', 'NO', 'ONE']],
      { code: 'ORIGIN_FAILED' },
      /read-only replica/,
    ],
  ])('says that it is one %s, is not ready, and changed nothing', async ([, spoil, mend, error, text]) => {
    const namespace = ownNamespace();
    await using origin = await connectOrigin({ url: server.url, namespace, timeoutMs: TIMEOUT_MS });
    await origin.store([write('a')]);
    for (const [command, ...args] of spoil) await redis.call(command!, ...args);
    const refusal = await origin.store([write('a', 2), write('b')]).catch((failure: Error) => failure);
    const problem = () => origin.problem({ remainingMs: TIMEOUT_MS });
    await expect.poll(problem, { timeout: 30_000 }).toMatch(text); // where it is a replica, on a new connection
    for (const [command, ...args] of mend) await redis.call(command!, ...args);
    expect(refusal).toMatchObject({
      ...error,
      outcome: 'not-applied',
      message: expect.stringMatching(text) as unknown,
    });
    await expect.poll(problem, { timeout: 30_000 }).toBeUndefined();
    expect(await origin.load(`${CELL}/a`)).toMatchObject({ version: 1 });
    expect(await origin.load(`${CELL}/b`)).toBeUndefined();
  });

  it.for(['zadd', 'hset', 'evalsha'])('without permission for %s is not ready', async (command) => {
    const namespace = ownNamespace();
    await redis.acl('SETUSER', 'one', 'reset', 'on', '>word', '~*', '+@all');
    const url = `${server.url}?username=one&password=word`;
    await using origin = await connectOrigin({ url, namespace, timeoutMs: TIMEOUT_MS });
    await redis.acl('SETUSER', 'one', `-${command}`, '-eval');
    expect(await origin.problem({ remainingMs: TIMEOUT_MS })).toMatch(/^the origin: Redis does not permit/);
    const refusal = origin.store([write('a')]);
    const told = await refusal.catch((error: Error) => error.message);
    expect(told ?? 'Redis does not permit').toMatch(/^Redis does not permit[^@]*$/); // no deletion needs no ZADD
  });

  it('is left for the one that took its place', async () => {
    const namespace = ownNamespace();
    await using successor = await RedisServer.start();
    const upstream = { upstream: server.url, fault: () => 'none' as const };
    await using proxy = await FaultyProxy.start(upstream);
    const refusals: string[] = [];
    const watch = { onLost() {}, onRegained() {}, onRefused: (kind: string) => void refusals.push(kind) };
    await using origin = await connectOrigin({ url: proxy.url, namespace, timeoutMs: TIMEOUT_MS, watch });
    await origin.store([write('a')]);
    const other = new Redis(successor.url);
    for (const key of await redis.keys(`${namespace}:*`)) await other.restore(key, 0, await redis.dumpBuffer(key));
    other.disconnect();

    await redis.replicaof('127.0.0.1', 1);
    upstream.upstream = successor.url; // the name leads there from now on, but the connection does not
    await expect(origin.store([write('a', 2)])).rejects.toMatchObject({ outcome: 'not-applied' });
    const again = () => origin.store([write('a', 3)]).catch((error: Error) => error);
    await expect.poll(again, { timeout: 30_000 }).toBeUndefined();
    expect(await origin.problem({ remainingMs: TIMEOUT_MS })).toBeUndefined();
    expect(refusals).toEqual(['READONLY']);
    await redis.call('REPLICAOF', 'NO', 'ONE');
  });
});
