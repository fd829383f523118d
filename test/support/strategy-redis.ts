/** A Redis for the strategies that need one, where tests run over all strategies. */
import { afterAll, beforeAll } from 'vitest';
import type { Strategy } from '../../src/strategies/strategy.ts';
import { ownNamespace } from './redis-rig.ts';
import { redisProgram, RedisServer } from './redis-server.ts';

/** Whether a strategy has what it needs on this machine; `redis-notice.ts` says so where it has not. */
export function runsHere({ needs }: Strategy): boolean {
  return needs === undefined || redisProgram !== undefined;
}

/**
 * Called in a `describe`: starts a Redis for it, where the strategy needs one.
 *
 * @returns gives the settings that lead there, each time with a namespace of its own
 */
export function redisFor({ needs }: Strategy): () => Record<string, string> {
  if (needs === undefined) return () => ({});
  let server: RedisServer | undefined;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  return () => ({ REDIS_URL: server!.url, REDIS_NAMESPACE: ownNamespace() });
}
