/**
 * Takes a namespace of Redis over for this service process. What may keep the process from starting is found out before:
 * an older one that serves is fenced out by the epoch, and not by a start that fails.
 */
import type { Redis } from 'ioredis';
import { OriginFailedError } from '../errors.ts';
import type { StoredCell } from './origin.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import { countDocuments, countInitial, documentKeys, seedCommands } from './redis-documents.ts';
import { cellHash, cellPart, cellTombstones, epochKey } from './redis-entry.ts';
import { PROBE, probeKeys } from './redis-probe.ts';
import { scanCell } from './redis-scan.ts';
import { redisScript } from './redis-script.ts';

export interface TakeOverOptions extends RedisConnectionOptions {
  readonly namespace: string;
  /** How many documents must be there; those that are missing are made. */
  readonly documents: number;
  /** What will be restored, and how much of it may be there. */
  readonly cells?: readonly StoredCell[];
}

/**
 * KEYS: the epoch. ARGV: the latest epoch of any entry. @returns the new epoch
 *
 * It is at least the time in microseconds, so that it goes on rising on a Redis that lost what it had.
 */
const TAKE_EPOCH = redisScript(`
local current = tonumber(redis.call('GET', KEYS[1]) or 0)
if not current then return redis.error_reply('FOREIGN the epoch is no number') end
local time = redis.call('TIME')
local epoch = math.max(current + 1, ARGV[1] + 1, time[1] * 1000000 + time[2])
local digits = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], digits)
return digits
`);

const call = { ifLost: 'unknown' } as const;

/**
 * From now on writes of earlier epochs are refused. The first time it also puts the documents there that every cell starts
 * with.
 *
 * @returns the epoch that every write of this process carries
 * @throws {OriginFailedError} {OriginTimeoutError} {OriginFullError} Redis cannot be reached, or refuses, or has what cannot be
 *   restored. Nobody was fenced out, unless only the last answer was lost
 */
export async function takeEpoch({ namespace, documents, cells = [], ...options }: TakeOverOptions): Promise<number> {
  const connection = new RedisConnection(options);
  try {
    await connection.connected();
    await connection.call((redis) => PROBE(redis, probeKeys(namespace), []), call);
    await checkTypes(connection, namespace, cells);
    let latest = 0;
    for (const cell of cells) latest = Math.max(latest, await checkCell(connection, namespace, cell));
    await seedDocuments(connection, namespace, documents);
    const names = cells.map(({ cell }) => cell);
    await countDocuments((command) => connection.call(command, call), namespace, names);
    const keys = [epochKey(namespace)];
    return Number(await connection.call((redis) => TAKE_EPOCH(redis, keys, [latest]), call));
  } finally {
    await connection.close();
  }
}

/** The same for whoever does it, and as often as they like: an older process goes on with them. */
async function seedDocuments(connection: RedisConnection, namespace: string, documents: number): Promise<void> {
  const there = await connection.call((redis) => countInitial(redis, namespace), call);
  if (there >= documents) return;
  for (const command of seedCommands(namespace, documents)) await connection.call(command, call);
}

/** @throws {OriginFailedError} something else took one of our keys */
async function checkTypes(connection: RedisConnection, namespace: string, cells: readonly StoredCell[]): Promise<void> {
  const types: [key: string, type: string][] = [
    [epochKey(namespace), 'string'],
    ...documentKeys(
      namespace,
      cells.map(({ cell }) => cell),
    ),
    ...cells.flatMap(({ cell }): [string, string][] => [
      [cellHash(namespace, cell), 'hash'],
      [cellTombstones(namespace, cell), 'zset'],
      [cellPart(namespace, cell, 'values'), 'hash'],
      [cellPart(namespace, cell, 'order'), 'zset'],
    ]),
  ];
  const typesOf = (redis: Redis) => Promise.all(types.map(([key]) => redis.type(key)));
  const found = await connection.call(typesOf, call);
  for (const [at, [key, type]] of types.entries()) {
    if (found[at] === type || found[at] === 'none') continue;
    throw new OriginFailedError(
      `Redis has a ${found[at]} under "${key}", which this service did not write; take another REDIS_NAMESPACE`,
    );
  }
}

/** @returns the latest epoch of its entries. @throws {OriginFailedError} they are more than can be restored, or not ours */
async function checkCell(connection: RedisConnection, namespace: string, stored: StoredCell): Promise<number> {
  const { cell, limits } = stored;
  let latest = 0;
  const totals = limits.map(() => 0);
  for await (const { key, value, epoch } of scanCell(connection, cellHash(namespace, cell))) {
    latest = Math.max(latest, epoch);
    if (value === undefined || !stored.takes(value)) continue;
    for (const [at, limit] of limits.entries()) totals[at]! += limit.of(key, value);
  }
  for (const [at, { setting, most, unit }] of limits.entries()) {
    if (totals[at]! <= most) continue;
    throw new OriginFailedError(
      `Redis has ${totals[at]} ${unit} of "${cell}", and ${setting} allows ${most}; raise it, or take another REDIS_NAMESPACE`,
    );
  }
  return latest;
}
