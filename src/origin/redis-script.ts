/** Lua scripts that run on the Redis server, each in one step that nothing comes between. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isRefusal } from './redis-connection.ts';

type Argument = string | number;

/**
 * The first lines of every script that writes. KEYS[1] is the epoch's key, ARGV[1] our epoch: when a newer process has
 * taken over, nothing is written.
 */
export const FENCE = `
local epoch = tonumber(ARGV[1])
local current = tonumber(redis.call('GET', KEYS[1]) or 0)
if epoch < current then
  return redis.error_reply('FENCED a newer service process has taken over this namespace; '
    .. 'stop this one, or start it with another REDIS_NAMESPACE')
end
`;

/** To come after all that may fail. A Redis that was emptied has forgotten the epoch as well. */
export const KEEP_EPOCH = `
if epoch > current then redis.call('SET', KEYS[1], ARGV[1]) end
`;

/** @returns a function that runs `lua` with its KEYS and ARGV */
export function redisScript(
  lua: string,
): (redis: Redis, keys: readonly string[], args: readonly Argument[]) => Promise<unknown> {
  const sha = createHash('sha1').update(lua).digest('hex');
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      // A server that restarted has forgotten the script, and says so before it does anything.
      if (!isRefusal(error as Error) || !(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
