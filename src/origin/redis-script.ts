/** Lua scripts that run on the Redis server, each in one step that nothing comes between. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isRefusal, refusalKind } from './redis-refusals.ts';

type Argument = string | number;

/**
 * The first lines of every script that writes. KEYS[1] is the epoch's key, ARGV[1] our epoch: unless that is the one that
 * took the namespace last, nothing is written. A Redis that lost the epoch has lost writes as well, and nobody can know
 * whose claim is the newest: that is refused too.
 */
export const FENCE = `
local epoch = redis.call('GET', KEYS[1])
if not epoch then return redis.error_reply('EPOCHLOST the epoch is gone') end
if epoch ~= ARGV[1] then return redis.error_reply('FENCED there is another epoch') end
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
      if (!isRefusal(error as Error) || refusalKind(error as Error) !== 'NOSCRIPT') throw error;
      return redis.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
