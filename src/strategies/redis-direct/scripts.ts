/**
 * The commands of counters in Redis. Numbers are exact in Lua as they are here, within ±(2^53 − 1); `INCRBY` would go on
 * beyond.
 *
 * ```
 * values   a hash: key → value
 * order    a sorted set: key → its place, one after the last when the key came. A page starts at a place, so a key that
 *          stays is on exactly one page of a listing, however many others come and go.
 * ```
 */
import { FENCE, redisScript } from '../../origin/redis-script.ts';

/** Of a write. KEYS: the epoch, values, order. ARGV: our epoch, the capacity, the key; then the operands. */
const CURRENT = `${FENCE}
local capacity, key = tonumber(ARGV[2]), ARGV[3]
local entry = redis.call('HGET', KEYS[2], key)
local current_value = tonumber(entry or 0)
if not current_value then return redis.error_reply('FOREIGN the counter is no number') end
`;

/** Its end: makes the counter `value`, a text. */
const PUT = `
if not entry then
  if redis.call('ZCARD', KEYS[3]) >= capacity then return { 'full', '0' } end
  local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
  redis.call('ZADD', KEYS[3], (last[2] or 0) + 1, key)
end
redis.call('HSET', KEYS[2], key, value)
return { 'ok', value }
`;

/** ARGV[4]: by. @returns `ok` and the value after it, or `overflow` and the value that stays, or `full` */
export const INCREMENT = redisScript(`${CURRENT}
local sum = current_value + tonumber(ARGV[4])
if sum > 9007199254740991 or sum < -9007199254740991 then return { 'overflow', entry or '0' } end
local value = string.format('%.0f', sum)
${PUT}`);

/** ARGV[4]: expected; ARGV[5]: the new value. @returns `ok` and that, or `conflict` and the value that stays, or `full` */
export const COMPARE_AND_SET = redisScript(`${CURRENT}
if current_value ~= tonumber(ARGV[4]) then return { 'conflict', entry or '0' } end
local value = ARGV[5]
${PUT}`);

/** ARGV: our epoch, the key. @returns 1 when the counter existed, else 0 */
export const DELETE = redisScript(`${FENCE}
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then return 0 end
redis.call('ZREM', KEYS[3], ARGV[2])
return redis.call('HDEL', KEYS[2], ARGV[2])
`);

/** KEYS: values, order. ARGV: the first place, the limit. @returns the total, the next page's place or '', keys, values */
export const LIST = redisScript(`
local page = redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2] + 1)
local next = ''
if #page > 2 * ARGV[2] then
  next = page[#page]
  page[#page], page[#page - 1] = nil, nil
end
local keys = {}
for at = 1, #page, 2 do keys[#keys + 1] = page[at] end
local values = #keys == 0 and {} or redis.call('HMGET', KEYS[1], unpack(keys))
return { redis.call('ZCARD', KEYS[2]), next, keys, values }
`);
