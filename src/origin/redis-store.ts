/**
 * Stores a batch in one step, on the server: all of it or, when it is refused, nothing. A write is kept if it is newer
 * than what is there, so the same batch may come twice, late or out of order.
 *
 * Everything is read and checked before the first change, the type of every key included, because Redis does not undo what
 * a script did before it failed.
 *
 * A deletion stays as a tombstone, else an older write that arrives late would bring its key back. Each deletion also
 * clears two expired tombstones at most, so they stay bounded by the deletions of the last `tombstoneTtlMs`.
 */
import type { Redis } from 'ioredis';
import type { OriginWrite } from './origin.ts';
import { splitKey } from './cell-keys.ts';
import { cellHash, cellTombstones, encodeValue, epochKey } from './redis-entry.ts';
import { FENCE, redisScript } from './redis-script.ts';

/**
 * KEYS: the epoch; then for each cell its hash and its tombstones.
 * ARGV: our epoch, the tombstones' time to live; then for each write the number of its cell, its key, version and value.
 */
const STORE = redisScript(`${FENCE}
local ttl = tonumber(ARGV[2])
local own = tonumber(ARGV[1])
for at = 3, #KEYS, 2 do redis.call('ZCARD', KEYS[at]) end
local newest = {}
for at = 3, #ARGV, 4 do
  local id, version = ARGV[at] .. '/' .. ARGV[at + 1], tonumber(ARGV[at + 2])
  local kept = newest[id]
  if not kept then
    kept = { epoch = -1, version = -1 }
    local entry = redis.call('HGET', KEYS[2 * ARGV[at]], ARGV[at + 1])
    if entry then
      local kept_epoch, kept_version = string.match(entry, '^(%d+) (%d+) ')
      if not kept_epoch then return redis.error_reply('FOREIGN an entry is not of ours') end
      kept = { epoch = tonumber(kept_epoch), version = tonumber(kept_version) }
      if kept.epoch > own then return redis.error_reply('EPOCHLOST an entry is of a later epoch') end
    end
    newest[id] = kept
  end
  if kept.epoch < own or kept.version < version then
    newest[id] = { epoch = own, version = version, write = at }
  end
end

local stored = 0
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, kept in pairs(newest) do
  local at = kept.write
  if at then
    local hash, tombstones = KEYS[2 * ARGV[at]], KEYS[2 * ARGV[at] + 1]
    redis.call('HSET', hash, ARGV[at + 1], ARGV[1] .. ' ' .. ARGV[at + 2] .. ' ' .. ARGV[at + 3])
    stored = stored + 1
    if ARGV[at + 3] == 'd' then
      redis.call('ZADD', tombstones, now, ARGV[at + 1])
      for _, key in ipairs(redis.call('ZRANGEBYSCORE', tombstones, '-inf', '(' .. (now - ttl), 'LIMIT', 0, 2)) do
        local entry = redis.call('HGET', hash, key)
        if entry and string.match(entry, '^%d+ %d+ d$') then redis.call('HDEL', hash, key) end
        redis.call('ZREM', tombstones, key)
      end
    end
  end
end
return stored
`);

export interface StoreOptions {
  readonly namespace: string;
  readonly epoch: number;
  readonly tombstoneTtlMs: number;
}

/** @returns how many of the writes were newer than what was there */
export function storeNewest(redis: Redis, writes: readonly OriginWrite[], options: StoreOptions): Promise<unknown> {
  const { namespace, epoch, tombstoneTtlMs } = options;
  const cells = new Map<string, number>();
  const keys = [epochKey(namespace)];
  const args: (string | number)[] = [epoch, tombstoneTtlMs];
  for (const { key, value, version } of writes) {
    const [cell, field] = splitKey(key);
    let number = cells.get(cell);
    if (number === undefined) {
      number = cells.size + 1;
      cells.set(cell, number);
      keys.push(cellHash(namespace, cell), cellTombstones(namespace, cell));
    }
    args.push(number, field, version, encodeValue(value));
  }
  return STORE(redis, keys, args);
}
