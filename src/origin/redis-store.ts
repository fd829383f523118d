/**
 * Stores a batch in one step, on the server: all of it or, when it is refused, nothing. A write is kept if it is newer
 * than what is there, so the same batch may come twice, late or out of order.
 *
 * Everything is read and checked before the first change, the type of every key included, because Redis does not undo what
 * a script did before it failed.
 *
 * A deletion stays as a tombstone, else an older write that arrives late would bring its key back. It goes once it is older
 * than `tombstoneTtlMs` and than whatever a thread of this process has still to store again. Each batch clears more expired
 * ones than it makes, and says how many are left, so that more deletions can be refused before they change anything.
 */
import type { Redis } from 'ioredis';
import type { OriginWrite } from './origin.ts';
import { splitKey } from './cell-keys.ts';
import { cellHash, cellTombstones, encodeValue, epochKey } from './redis-entry.ts';
import { FENCE, redisScript } from './redis-script.ts';

/**
 * KEYS: the epoch; then for each cell its hash and its tombstones.
 * ARGV: our epoch, the age in milliseconds at which tombstones go; then for each write the number of its cell, its key, version
 * and value.
 *
 * @returns for each cell how many tombstones there are, and in how many milliseconds the oldest goes
 */
const STORE = redisScript(`${FENCE}
local age = tonumber(ARGV[2])
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
      local kept_epoch, kept_version, kept_type = string.match(entry, '^(%d+) (%d+) (%l)')
      if not kept_epoch then return redis.error_reply('FOREIGN an entry is not of ours') end
      kept = { epoch = tonumber(kept_epoch), version = tonumber(kept_version), buried = kept_type == 'd' }
      if kept.epoch > own then return redis.error_reply('EPOCHLOST an entry is of a later epoch') end
    end
    newest[id] = kept
  end
  if kept.epoch < own or kept.version < version then
    newest[id] = { epoch = own, version = version, write = at, buried = kept.buried }
  end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deletions = 0
for _, kept in pairs(newest) do
  local at = kept.write
  if at then
    local hash, tombstones = KEYS[2 * ARGV[at]], KEYS[2 * ARGV[at] + 1]
    redis.call('HSET', hash, ARGV[at + 1], ARGV[1] .. ' ' .. ARGV[at + 2] .. ' ' .. ARGV[at + 3])
    if ARGV[at + 3] == 'd' then
      deletions = deletions + 1
      redis.call('ZADD', tombstones, now, ARGV[at + 1])
    elseif kept.buried then
      redis.call('ZREM', tombstones, ARGV[at + 1])
    end
  end
end

local left = {}
for at = 2, #KEYS, 2 do
  local hash, tombstones = KEYS[at], KEYS[at + 1]
  local expired = '(' .. (now - age)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', tombstones, '-inf', expired, 'LIMIT', 0, 2 + 2 * deletions)) do
    local entry = redis.call('HGET', hash, key)
    if entry and string.match(entry, '^%d+ %d+ d$') then redis.call('HDEL', hash, key) end
    redis.call('ZREM', tombstones, key)
  end
  local oldest = redis.call('ZRANGEBYSCORE', tombstones, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  left[#left + 1] = redis.call('ZCARD', tombstones)
  left[#left + 1] = oldest[2] and math.max(0, oldest[2] + age - now) or 0
end
return left
`);

/** KEYS: the epoch; a cell's hash; its tombstones. ARGV: our epoch; keys, of which those of earlier epochs go. */
const DROP = redisScript(`${FENCE}
redis.call('ZCARD', KEYS[3])
for at = 2, #ARGV do
  local entry = redis.call('HGET', KEYS[2], ARGV[at])
  if entry and string.match(entry, '^%d+') ~= ARGV[1] then
    redis.call('HDEL', KEYS[2], ARGV[at])
    redis.call('ZREM', KEYS[3], ARGV[at])
  end
end
return 1
`);

export interface StoreOptions {
  readonly namespace: string;
  readonly epoch: number;
  /** The age at which tombstones go. */
  readonly tombstoneAgeMs: number;
}

/** What is remembered of a cell's deletions. */
export interface RememberedDeletions {
  readonly cell: string;
  readonly count: number;
  /** In how many milliseconds the oldest goes. */
  readonly oldestGoesMs: number;
}

/** @returns what is remembered of the deletions of each cell that was written to */
export async function storeNewest(
  redis: Redis,
  writes: readonly OriginWrite[],
  { namespace, epoch, tombstoneAgeMs }: StoreOptions,
): Promise<RememberedDeletions[]> {
  const cells = new Map<string, number>();
  const keys = [epochKey(namespace)];
  const args: (string | number)[] = [epoch, Math.ceil(tombstoneAgeMs)];
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
  const left = (await STORE(redis, keys, args)) as number[];
  return Array.from(cells.keys(), (cell, at) => ({ cell, count: left[2 * at]!, oldestGoesMs: left[2 * at + 1]! }));
}

/** Deletes entries of earlier service processes, deletions included: nothing of theirs comes late, the epoch sees to that. */
export function dropEntries(
  redis: Redis,
  cell: string,
  keys: readonly string[],
  { namespace, epoch }: Pick<StoreOptions, 'namespace' | 'epoch'>,
): Promise<unknown> {
  return DROP(
    redis,
    [epochKey(namespace), cellHash(namespace, cell), cellTombstones(namespace, cell)],
    [epoch, ...keys],
  );
}
