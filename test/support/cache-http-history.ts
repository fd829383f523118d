/**
 * Clients of the cache over HTTP: see `recordCalls`. They write documents with a number each, read them as JSON and as
 * pages, with and without a tag that they have, delete them at the origin, and have the cache forget its copy.
 */
import type { Random } from '../../src/random.ts';
import type { CounterAnswer, CounterOperation } from './history.ts';
import { type Asked, type HistoryClient, type HttpAnswer, type RecordOptions, recordCalls } from './http-history.ts';

/** Of each hundred requests; the rest are reads. */
const WRITES = 20;
const DELETIONS = 3;
const FORGETS = 5;
/** Of each hundred reads, as pages, and with a tag. */
const PAGES = 15;
const TAGGED = 30;

const TTL_MS = 20;
/** Numbers of a client, of which each is greater than all of the client before it. */
const NUMBERS = 1_000_000;

/** @throws {UnexpectedAnswerError} an answer that the contract does not know for such a request */
export function recordCacheHistory(options: RecordOptions): Promise<CounterOperation[]> {
  return recordCalls(options, (random, number) => new CacheClient(random, number));
}

interface Tag {
  readonly etag: string;
  readonly value: number;
}

class CacheClient implements HistoryClient {
  readonly #random: Random;
  #lastNumber: number;
  /** By key and media type. */
  readonly #tags = new Map<string, Tag>();

  constructor(random: Random, number: number) {
    this.#random = random;
    this.#lastNumber = number * NUMBERS;
  }

  draw(key: string): Asked {
    const path = `/cache/${encodeURIComponent(key)}`;
    let draw = this.#random() * 100;
    if ((draw -= WRITES) < 0) {
      const value = ++this.#lastNumber;
      // A page says what the document does.
      const body = JSON.stringify({ value: { markdown: `number ${value}.` }, ttlMs: TTL_MS });
      const headers = { 'content-type': 'application/json' };
      return { key, call: { kind: 'write', value }, request: { method: 'PUT', path, headers, body } };
    }
    if ((draw -= DELETIONS) < 0) {
      const request = { method: 'DELETE', path: `/documents/${encodeURIComponent(key)}` } as const;
      return { key, call: { kind: 'delete' }, request };
    }
    if ((draw -= FORGETS) < 0) return { key, call: { kind: 'read' }, request: { method: 'DELETE', path } };
    const accept = this.#random() * 100 < PAGES ? 'text/html' : 'application/json';
    const tag = this.#random() * 100 < TAGGED ? this.#tags.get(`${accept} ${key}`) : undefined;
    const headers = { accept, ...(tag !== undefined && { 'if-none-match': tag.etag }) };
    return { key, call: { kind: 'read' }, request: { method: 'GET', path, headers } };
  }

  understand(
    { key, call, request }: Asked,
    { status, headers, body }: HttpAnswer,
  ): CounterAnswer | 'left out' | undefined {
    if (call.kind === 'write') return status === 204 ? { is: 'value', value: call.value } : undefined;
    if (status === 404 && call.kind !== 'increment') return { is: 'missing' };
    if (call.kind === 'delete') return status === 204 ? { is: 'deleted' } : undefined;
    if (request.method === 'DELETE') return status === 204 ? 'left out' : undefined; // it forgot its copy
    const name = `${request.headers!['accept']} ${key}`;
    const tag = this.#tags.get(name);
    if (status === 304 && tag?.etag === headers['etag']) return { is: 'value', value: tag!.value };
    const [, number] = /number (\d+)\./.exec(body) ?? [];
    if (status !== 200 || number === undefined) return undefined;
    this.#tags.set(name, { etag: String(headers['etag']), value: Number(number) });
    return { is: 'value', value: Number(number) };
  }
}
