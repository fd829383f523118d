/**
 * Documents in Redis. Those that every cell starts with are there once, for all cells of the namespace:
 *
 * ```
 * {namespace}:documents              doc-N → "0 {JSON}"
 * {namespace}:{cell}:documents       key → "{version} {JSON}", what was stored since; "{version} " for a document of the
 *                                    start that was deleted
 * {namespace}:{cell}:last-document   the version of the last store or deletion
 * {namespace}:document-bytes         what is stored since takes, over all cells: keys, entries, and what keeping them costs
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

/** What a field of a hash takes besides its key and its entry, roughly. */
const ENTRY_BYTES = 100;

/**
 * What all documents take once the entry of ARGV[2] is `length` bytes long. KEYS[4]: what they take now.
 */
const BYTES = `
local length_before = redis.call('HSTRLEN', KEYS[2], ARGV[2])
local bytes_before = tonumber(redis.call('GET', KEYS[4]) or 0)
if not bytes_before then return redis.error_reply('FOREIGN the documents’ bytes are no number') end
local function cost(length) return length == 0 and 0 or length + #ARGV[2] + ${ENTRY_BYTES} end
local function bytes_with(length) return math.max(0, bytes_before - cost(length_before) + cost(length)) end
local function keep(bytes) redis.call('SET', KEYS[4], string.format('%.0f', bytes)) end
`;

/**
 * KEYS: the epoch; the cell's documents; the last version; the bytes of all. ARGV: our epoch, the document's key, its JSON,
 * the bytes that all may take.
 *
 * Every key is read before the first change: where something else took one, nothing is changed.
 *
 * @returns the version; nil when there is no room, and nothing changed
 */
const STORE = redisScript(`${FENCE}
${NEXT_VERSION}
${BYTES}
local entry = digits .. ' ' .. ARGV[3]
local bytes = bytes_with(#entry)
if bytes > bytes_before and bytes > tonumber(ARGV[4]) then return false end
redis.call('HSET', KEYS[2], ARGV[2], entry)
redis.call('SET', KEYS[3], digits)
keep(bytes)
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
 * KEYS: the epoch; the cell's documents; the last version; the bytes of all; the documents of the start. ARGV: our epoch, the
 * document's key, 1 if there is one of the start.
 *
 * @returns the version, and 1 if there was such a document
 */
const DELETE = redisScript(`${FENCE}
local entry = redis.call('HGET', KEYS[2], ARGV[2])
local initial = ARGV[3] == '1' and redis.call('HEXISTS', KEYS[5], ARGV[2]) == 1
if entry and string.match(entry, '^%d+ $') or not entry and not initial then
  return { redis.call('GET', KEYS[3]) or '0', 0 }
end
${NEXT_VERSION}
${BYTES}
local mark = digits .. ' '
if initial then redis.call('HSET', KEYS[2], ARGV[2], mark) else redis.call('HDEL', KEYS[2], ARGV[2]) end
redis.call('SET', KEYS[3], digits)
keep(bytes_with(initial and #mark or 0))
return { digits, 1 }
`);

/** KEYS: a cell's documents. ARGV: the cursor. @returns the next cursor, and what a step's documents take */
const COUNT = redisScript(`
local step = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 100)
local bytes = 0
for at = 1, #step[2], 2 do bytes = bytes + #step[2][at] + #step[2][at + 1] + ${ENTRY_BYTES} end
return { step[1], bytes }
`);

export interface DocumentOptions {
  readonly namespace: string;
  readonly epoch: number;
  /** How many documents there are from the start. */
  readonly documents: number;
  /** Most that stored documents may take, in MiB over all cells. */
  readonly documentsMb: number;
}

/** @returns the version that the document was given; undefined when there is no room for it */
export async function storeDocument(
  redis: Redis,
  key: string,
  value: string,
  { namespace, epoch, documentsMb }: DocumentOptions,
): Promise<number | undefined> {
  const [cell, field] = splitKey(key);
  const version = await STORE(redis, changedKeys(namespace, cell), [epoch, field, value, documentsMb * 2 ** 20]);
  return version === null ? undefined : Number(version);
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
  const keys = [...changedKeys(namespace, cell), initialDocuments(namespace)];
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

/**
 * Counts what the documents of these cells take, where that is not known yet: they were stored by an earlier release. What an
 * older process of that release goes on storing meanwhile is not counted.
 *
 * @param ask sends a command, one after the other
 */
export async function countDocuments(
  ask: <T>(command: (redis: Redis) => Promise<T>) => Promise<T>,
  namespace: string,
  cells: readonly string[],
): Promise<void> {
  const kept = documentBytes(namespace);
  if ((await ask((redis) => redis.exists(kept))) === 1) return;
  let bytes = 0;
  for (const cell of cells) {
    let cursor = '0';
    do {
      const from = cursor;
      const step = await ask((redis) => COUNT(redis, [cellDocuments(namespace, cell)], [from]));
      const [next, found] = step as [string, number];
      bytes += found;
      cursor = next;
    } while (cursor !== '0');
  }
  await ask((redis) => redis.set(kept, String(bytes), 'NX')); // a later release may have counted by now
}

/** Every key of documents with its type. */
export function documentKeys(namespace: string, cells: readonly string[]): [key: string, type: string][] {
  return [
    [initialDocuments(namespace), 'hash'],
    [documentBytes(namespace), 'string'],
    ...cells.flatMap((cell): [string, string][] => [
      [cellDocuments(namespace, cell), 'hash'],
      [lastDocument(namespace, cell), 'string'],
    ]),
  ];
}

/** Those of a change of a cell's documents, in the order of its script. */
function changedKeys(namespace: string, cell: string): string[] {
  return [epochKey(namespace), cellDocuments(namespace, cell), lastDocument(namespace, cell), documentBytes(namespace)];
}

function documentBytes(namespace: string): string {
  return `${namespace}:document-bytes`;
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
