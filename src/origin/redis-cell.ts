import type { Redis } from 'ioredis';
import type { Outcome } from '../errors.ts';
import type { WaitOptions } from '../sync/wait.ts';

/** One cell's part of Redis, for a strategy that keeps its state there and nowhere else. */
export interface RedisCell {
  /** This service process among those that ever took the namespace; a script compares it as `FENCE` does. */
  readonly epoch: number;
  readonly epochKey: string;
  /** The key in Redis of a part of this cell's state. */
  key(part: string): string;

  /**
   * Sends one command on this thread's connection, once, as late as the origin is made, and waits for its answer.
   *
   * @param ifLost what is true when the answer is lost: a read has changed nothing all the same
   * @throws {OriginFailedError} {OriginTimeoutError} as for `RedisConnection.call`
   */
  send<T>(command: (redis: Redis) => Promise<T>, ifLost: Outcome, call?: WaitOptions): Promise<T>;
}
