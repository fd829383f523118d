import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionPool } from '../../examples/transaction-on-a-pool.ts';
import { connect, GuardedConnection, transact } from '../../examples/transaction-on-one-connection.ts';
import { LocalThreads } from '../support/local-threads.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const TASKS = 20;
const EACH = 10;

const addOne = (value: number): number => value + 1;

async function onMany(update: () => Promise<unknown>): Promise<void> {
  const task = async (): Promise<void> => {
    for (let at = 0; at < EACH; at++) await update();
  };
  await Promise.all(Array.from({ length: TASKS }, task));
}

describe.skipIf(redisProgram === undefined)('transactions of several steps', () => {
  let server: RedisServer;
  let control: Redis;
  beforeAll(async () => {
    server = await RedisServer.start();
    control = new Redis(server.url);
  });
  afterAll(async () => {
    control?.disconnect();
    await server?.[Symbol.asyncDispose]();
  });

  it('lose nothing and never conflict on one guarded connection', async () => {
    using threads = new LocalThreads();
    const redis = connect(server.url);
    const guarded = new GuardedConnection(redis, threads.asyncMutex(0));
    let conflicts = 0;
    await onMany(async () => {
      const updated = await guarded.update('guarded', addOne);
      conflicts += updated.conflicts;
    });
    redis.disconnect();
    expect([Number(await control.get('guarded')), conflicts]).toEqual([TASKS * EACH, 0]);
  });

  it('lose nothing on a pool, where they conflict', async () => {
    const connections = Array.from({ length: 4 }, () => connect(server.url));
    const pool = new ConnectionPool(connections);
    let conflicts = 0;
    await onMany(async () => {
      const updated = await pool.update('pooled', addOne);
      conflicts += updated.conflicts;
    });
    for (const redis of connections) redis.disconnect();
    expect(Number(await control.get('pooled'))).toBe(TASKS * EACH);
    expect(conflicts).toBeGreaterThan(0);
  });

  it('lose updates on one connection without the guard', async () => {
    const redis = connect(server.url);
    await onMany(() => transact(redis, 'unguarded', addOne));
    redis.disconnect();
    expect(Number(await control.get('unguarded'))).toBeLessThan(TASKS * EACH);
  });

  it('fail when the connection is lost between WATCH and EXEC, and overwrite nothing', async () => {
    const redis = connect(server.url);
    redis.on('error', () => {});
    const read = redis.get.bind(redis);
    const id = await redis.client('ID');
    redis.get = async (key) => {
      const value = await read(key);
      const closed = once(redis, 'close');
      await control.client('KILL', 'ID', id);
      await closed;
      await control.set(key, 100);
      return value;
    };
    await expect(transact(redis, 'cut', addOne)).rejects.toThrow(/closed/);
    expect(await control.get('cut')).toBe('100');
  });

  it('give a connection back when the change throws', async () => {
    const redis = connect(server.url);
    const pool = new ConnectionPool([redis]);
    const failing = pool.update('thrown', () => {
      throw new RangeError('on purpose');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await pool.update('thrown', addOne)).toEqual({ value: 1, conflicts: 0 });
    redis.disconnect();
  });
});
