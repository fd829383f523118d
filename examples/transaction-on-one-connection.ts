/** A transaction of several steps: what it watches belongs to the connection, so the guard must live across the awaits. */
import { Redis } from 'ioredis';
import type { AsyncMutex } from '../src/sync/async-mutex.ts';

export class GuardedConnection {
  readonly #redis: Redis;
  readonly #mutex: AsyncMutex;

  constructor(redis: Redis, mutex: AsyncMutex) {
    this.#redis = redis;
    this.#mutex = mutex;
  }

  async update(key: string, change: (value: number) => number): Promise<Updated> {
    await using _guard = await this.#mutex.acquire(); // until EXEC is answered: another's EXEC would end our WATCH
    return await transact(this.#redis, key, change); // without `await` here the guard would end before the transaction
  }
}

export interface Updated {
  readonly value: number;
  /** How often another connection was quicker and everything began again. */
  readonly conflicts: number;
}

/** Needs the connection to itself. If `change` throws, the key stays watched until the next EXEC: at worst a needless conflict. */
export async function transact(redis: Redis, key: string, change: (value: number) => number): Promise<Updated> {
  for (let conflicts = 0; ; conflicts++) {
    await redis.watch(key);
    const value = change(Number(await redis.get(key)));
    const done = await redis.multi().set(key, value).exec(); // null: the key was changed since WATCH, nothing was written
    if (done !== null) return { value, conflicts };
  }
}

/** A lost connection stays lost: one that came back by itself would have forgotten its WATCH, and EXEC would overwrite. */
export function connect(url: string): Redis {
  return new Redis(url, { retryStrategy: () => null, commandTimeout: 1_000 }); // no guard outlives a silent server for long
}
