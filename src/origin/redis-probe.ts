import { FENCE, redisScript } from './redis-script.ts';

/**
 * Runs every command that this service uses, those that write on keys of its own, which it leaves empty. What would be
 * refused in the middle of work is refused here: by permissions, for want of memory, by a replica.
 */
const COMMANDS = `
local hash, order = KEYS[2], KEYS[3]
redis.call('TIME')
redis.call('HSET', hash, 'probe', '0 0 d')
redis.call('HGET', hash, 'probe')
redis.call('HMGET', hash, 'probe')
redis.call('HEXISTS', hash, 'probe')
redis.call('HLEN', hash)
redis.call('HSTRLEN', hash, 'probe')
redis.call('HSCAN', hash, 0)
redis.call('HDEL', hash, 'probe')
redis.call('ZADD', order, 0, 'probe')
redis.call('ZCARD', order)
redis.call('ZRANGEBYSCORE', order, 0, 0, 'LIMIT', 0, 1)
redis.call('ZREVRANGE', order, 0, 0)
redis.call('ZREM', order, 'probe')
`;

/** KEYS: the epoch, which stays as it is, the probe's hash and order. */
export const PROBE = redisScript(`
redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) or '0')
${COMMANDS}
return 1
`);

/** KEYS as for `PROBE`. ARGV: our epoch. @returns 1 when this process may write */
export const PROBE_AS_OWNER = redisScript(`${FENCE}
${COMMANDS}
return 1
`);

export function probeKeys(namespace: string): readonly string[] {
  return [`${namespace}:epoch`, `${namespace}:probe`, `${namespace}:probe:order`];
}
