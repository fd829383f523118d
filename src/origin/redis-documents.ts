/**
 * Documents in Redis. Those that every cell starts with are there once, for all cells of the namespace:
 *
 * ```
 * {namespace}:documents              doc-N → "0 {JSON}"
 * {namespace}:{cell}:documents       key → "{version} {JSON}", what was stored since; "{version} " for a document of the
 *                                    start that was deleted
 * {namespace}:{cell}:last-document   the version of the last store or deletion
 * ```
 */
import type { Redis } from 'ioredis';
import { splitKey } from './cell-keys.ts';
import { initialNumber, initialValue } from './initial-documents.ts';
import type { DeletedDocument, OriginDocument } from './origin.ts';
import { epochKey, foreignEntry } from './redis-entry.ts';
import { FENCE, redisScript } from './redis-script.ts';

/** Initial documents per command: small enough to be answered well within any deadline. */
const SEED_STEP = 100;

/** The next version: at least the time in microseconds, so that it goes on rising on a Redis that lost its newest writes. */
const NEXT_VERSION = `
local time = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[3]) or 0)
if not last then return redis.error_reply('FOREIGN the last version is no number') end
redis.call('HLEN', KEYS[2])
local version = math.max(last + 1, time[1] * 1000000 + time[2])
local digits = string.format('%.0f', version)
`;

/**
 * KEYS: the epoch; the cell's documents; the last version. ARGV: our epoch, the document's key, its JSON.
 *
 * Both keys are read before the first change: where something else took one, nothing is changed.
 */
const STORE = redisScript(`${FENCE}
${NEXT_VERSION}
redis.call('HSET', KEYS[2], ARGV[2], digits .. ' ' .. ARGV[3])
redis.call('SET', KEYS[3], digits)
return digits
`);

/**
 * KEYS: the cell's documents; the last version; the documents of the start. ARGV: the document's key, 1 if there is one of
 * the start.
 *
 * One step, because of two reads the one may be of before a change and the other of after it.
 */
const FIND = redisScript(`
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry and ARGV[2] == '1' then entry = redis.call('HGET', KEYS[3], ARGV[1]) end
if entry and not string.match(entry, '^%d+ $') then return entry end
return (redis.call('GET', KEYS[2]) or '0') .. ' '
`);

/**
 * KEYS: the epoch; the cell's documents; the last version; the documents of the start. ARGV: our epoch, the document's
 * key, 1 if there is one of the start.
 *
 * @returns the version, and 1 if there was such a document
 */
const DELETE = redisScript(`${FENCE}
local entry = redis.call('HGET', KEYS[2], ARGV[2])
local initial = ARGV[3] == '1' and redis.call('HEXISTS', KEYS[4], ARGV[2]) == 1
if entry and string.match(entry, '^%d+ $') or not entry and not initial then
  return { redis.call('GET', KEYS[3]) or '0', 0 }
end
${NEXT_VERSION}
if initial then redis.call('HSET', KEYS[2], ARGV[2], digits .. ' ') else redis.call('HDEL', KEYS[2], ARGV[2]) end
redis.call('SET', KEYS[3], digits)
return { digits, 1 }
`);

export interface DocumentOptions {
  readonly namespace: string;
  readonly epoch: number;
  /** How many documents there are from the start. */
  readonly documents: number;
}

/** @returns the version that the document was given */
export async function storeDocument(
  redis: Redis,
  key: string,
  value: string,
  { namespace, epoch }: DocumentOptions,
): Promise<number> {
  const [cell, field] = splitKey(key);
  const keys = [epochKey(namespace), cellDocuments(namespace, cell), lastDocument(namespace, cell)];
  return Number(await STORE(redis, keys, [epoch, field, value]));
}

/** @returns what is there, and as of which version */
export async function findDocument(
  redis: Redis,
  key: string,
  { namespace, documents }: DocumentOptions,
): Promise<string> {
  const [cell, field] = splitKey(key);
  const keys = [cellDocuments(namespace, cell), lastDocument(namespace, cell), initialDocuments(namespace)];
  return String(await FIND(redis, keys, [field, isInitial(field, documents)]));
}

export async function deleteDocument(
  redis: Redis,
  key: string,
  { namespace, epoch, documents }: DocumentOptions,
): Promise<DeletedDocument> {
  const [cell, field] = splitKey(key);
  const keys = [
    epochKey(namespace),
    cellDocuments(namespace, cell),
    lastDocument(namespace, cell),
    initialDocuments(namespace),
  ];
  const [version, existed] = (await DELETE(redis, keys, [epoch, field, isInitial(field, documents)])) as [
    string,
    number,
  ];
  return { existed: existed === 1, version: Number(version) };
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

/** Every key of documents with its type. */
export function documentKeys(namespace: string, cells: readonly string[]): [key: string, type: string][] {
  return [
    [initialDocuments(namespace), 'hash'],
    ...cells.flatMap((cell): [string, string][] => [
      [cellDocuments(namespace, cell), 'hash'],
      [lastDocument(namespace, cell), 'string'],
    ]),
  ];
}

function initialDocuments(namespace: string): string {
  return `${namespace}:documents`;
}

function cellDocuments(namespace: string, cell: string): string {
  return `${namespace}:${cell}:documents`;
}

function lastDocument(namespace: string, cell: string): string {
  return `${namespace}:${cell}:last-document`;
}

function isInitial(field: string, documents: number): 0 | 1 {
  return initialNumber(field, documents) === undefined ? 0 : 1;
}

/** @throws {OriginFailedError} something else wrote this */
export function decodeDocument(entry: string): OriginDocument {
  const space = entry.indexOf(' ');
  const digits = entry.slice(0, Math.max(0, space));
  if (!/^\d{1,16}$/.test(digits)) throw foreignEntry();
  const value = entry.slice(space + 1);
  return { value: value === '' ? undefined : value, version: Number(digits) };
}
