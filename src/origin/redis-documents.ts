/**
 * Documents in Redis. Those that every cell starts with are there once, for all cells of the namespace:
 *
 * ```
 * {namespace}:documents              doc-N → "0 {JSON}"
 * {namespace}:{cell}:documents       key → "{version} {JSON}", what was stored since
 * {namespace}:{cell}:last-document   the version of the document stored last
 * ```
 */
import type { Redis } from 'ioredis';
import { splitKey } from './cell-keys.ts';
import { initialNumber, initialValue } from './initial-documents.ts';
import type { OriginDocument } from './origin.ts';
import { epochKey, foreignEntry } from './redis-entry.ts';
import { FENCE, KEEP_EPOCH, redisScript } from './redis-script.ts';

/** Initial documents per command: small enough to be answered well within any deadline. */
const SEED_STEP = 100;

/**
 * KEYS: the epoch; the cell's documents; the last version. ARGV: our epoch, the document's key, its JSON.
 *
 * The number is at least the time in microseconds, so that it goes on rising on a Redis that lost its newest writes in
 * a crash. The change that may be refused, of a key that something else took, comes first.
 */
const STORE = redisScript(`${FENCE}
local time = redis.call('TIME')
local version = math.max(tonumber(redis.call('GET', KEYS[3]) or 0) + 1, time[1] * 1000000 + time[2])
local digits = string.format('%.0f', version)
redis.call('HSET', KEYS[2], ARGV[2], digits .. ' ' .. ARGV[3])
redis.call('SET', KEYS[3], digits)
${KEEP_EPOCH}
return digits
`);

export interface DocumentOptions {
  readonly namespace: string;
  readonly epoch: number;
}

/** @returns the version that the document was given */
export async function storeDocument(
  redis: Redis,
  key: string,
  value: string,
  { namespace, epoch }: DocumentOptions,
): Promise<number> {
  const [cell, field] = splitKey(key);
  const keys = [epochKey(namespace), cellDocuments(namespace, cell), `${namespace}:${cell}:last-document`];
  return Number(await STORE(redis, keys, [epoch, field, value]));
}

/**
 * The entry of a document, for `decodeDocument`.
 *
 * Both places are asked in one round trip: a document in neither at that time was not there, and one that is stored in
 * between was stored while this load was under way.
 *
 * @param documents how many there are from the start
 */
export async function findDocument(
  redis: Redis,
  key: string,
  namespace: string,
  documents: number,
): Promise<string | null> {
  const [cell, field] = splitKey(key);
  const stored = redis.hget(cellDocuments(namespace, cell), field);
  if (initialNumber(field, documents) === undefined) return stored;
  const [own, initial] = await Promise.all([stored, redis.hget(initialDocuments(namespace), field)]);
  return own ?? initial;
}

/**
 * The commands that put the initial documents there, to be sent one after the other. They are the same for everyone, so
 * it does no harm to send them again, or to stop half-way.
 */
export function* seedCommands(namespace: string, documents: number): Generator<(redis: Redis) => Promise<unknown>> {
  for (let from = 0; from < documents; from += SEED_STEP) {
    yield (redis) => {
      const fields: string[] = [];
      const end = Math.min(from + SEED_STEP, documents);
      for (let number = from; number < end; number++) fields.push(`doc-${number}`, `0 ${initialValue(number)}`);
      return redis.hset(initialDocuments(namespace), ...fields);
    };
  }
}

/** How many initial documents are there. */
export function countInitial(redis: Redis, namespace: string): Promise<number> {
  return redis.hlen(initialDocuments(namespace));
}

function initialDocuments(namespace: string): string {
  return `${namespace}:documents`;
}

function cellDocuments(namespace: string, cell: string): string {
  return `${namespace}:${cell}:documents`;
}

/** @throws {OriginFailedError} something else wrote this */
export function decodeDocument(entry: string | null): OriginDocument | undefined {
  if (entry === null) return undefined;
  const space = entry.indexOf(' ');
  const digits = entry.slice(0, Math.max(0, space));
  if (!/^\d{1,16}$/.test(digits)) throw foreignEntry();
  return { value: entry.slice(space + 1), version: Number(digits) };
}
