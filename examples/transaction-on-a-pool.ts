/** The same on a few connections: a permit is a connection, and whoever finds none waits for the next. */
import type { Redis } from 'ioredis';
import { LockTimeoutError } from '../src/errors.ts';
import { WaitQueue } from '../src/sync/wait-queue.ts';
import { transact, type Updated } from './transaction-on-one-connection.ts';

const WAIT_MS = 5_000;

export class ConnectionPool {
  readonly #free: Redis[];
  readonly #queue = new WaitQueue<Redis>();

  constructor(connections: readonly Redis[]) {
    this.#free = [...connections];
  }

  /** @throws {LockTimeoutError} no connection became free in time; nothing was done */
  async update(key: string, change: (value: number) => number): Promise<Updated> {
    const redis = this.#free.pop() ?? (await this.#queue.wait(undefined, WAIT_MS, timedOut));
    try {
      return await transact(redis, key, change); // two connections may want the same key: then one of them begins again
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free.push(redis);
      else next.resolve(redis);
    }
  }
}

function timedOut(): LockTimeoutError {
  return new LockTimeoutError('connection pool', WAIT_MS);
}
