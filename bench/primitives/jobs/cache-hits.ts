/**
 * Cache hits in one thread: documents that were put there, read by fresh strings, as HTTP delivers keys. The caches are
 * those of the service, without HTTP; their origin does nothing but count versions.
 */
import { MessageChannel } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import type { DeletedDocument, DocumentOrigin, OriginDocument } from '../../../src/origin/origin.ts';
import type { Cache, CachedDocument, CacheRead } from '../../../src/resources/cache.ts';
import { unhurried } from '../../../src/resources/call.ts';
import { readSettings } from '../../../src/settings.ts';
import { openEntry, packEntry } from '../../../src/strategies/cache-entry.ts';
import { strategies } from '../../../src/strategies/index.ts';
import type { Awaitable } from '../../../src/sync/wait.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { ThreadScope } from '../../../src/threads/context.ts';
import { allocateMemory, cellName } from '../../../src/threads/memory.ts';
import type { Hammer, Post, Sizes } from '../job.ts';
import { freshKeys, keyText } from '../keys.ts';

const CHUNK = 1_000;
/** Longer than any run. */
const TTL_MS = 86_400_000;

export const syncLock = hitsOf('sync-lock');
export const asyncLock = hitsOf('async-lock');
export const sharded = hitsOf('sharded');
export const snapshot = hitsOf('snapshot');
export const singleThread = hitsOf('single-thread');

/** The npm package, bounded in bytes and in time as well. A hit hands out the object that it keeps. */
export function lruCache({ sizes }: Post): Hammer {
  const kept = new LRUCache<string, CachedDocument>({
    maxSize: 2 * sizes.documents * sizes.documentBytes,
    sizeCalculation: ({ body }, key) => key.length + body.byteLength,
    ttl: TTL_MS,
  });
  for (const [key, value] of documents(sizes)) {
    kept.set(key, openEntry(packEntry(key, { value, version: 1, ttlMs: TTL_MS }, 0), 0));
  }
  return counting(sizes, (key) => ({ document: kept.get(key) }));
}

function hitsOf(strategy: string): (post: Post) => Promise<Hammer> {
  return async ({ sizes }) => {
    const { cache, close } = await filledCache(strategy, sizes);
    return { ...counting(sizes, (key) => cache.read(key, unhurried)), end: close };
  };
}

/** The cache of a strategy as a service of one thread has it, with all documents in it. */
async function filledCache(name: string, sizes: Sizes): Promise<{ cache: Cache; close: () => void }> {
  const strategy = strategies.find((registered) => registered.name === name)!;
  const cell = strategy.cells.cache;
  if ('unsupported' in cell) throw new Error(cell.unsupported);
  const settings = readSettings({ THREADS: '1' });
  const memory = allocateMemory(settings, [strategy]);
  const slot = ThreadTable.slot(0, 0);
  new ThreadTable(memory.threads).enter(slot);
  const { port1: originPort } = new MessageChannel();
  const scope = await ThreadScope.open({ settings, memory, slot, originPort, originEpoch: 0 });
  const context = { ...scope.cellContext(cellName(strategy, 'cache')), documents: new CountedVersions() };
  const cache = await cell.attach(context);
  if ('unsupported' in cache) throw new Error(cache.unsupported);
  for (const [key, value] of documents(sizes)) await cache.write(key, value, TTL_MS, unhurried);
  const close = (): void => {
    originPort.close();
    scope.thread.doorbell[Symbol.dispose]();
  };
  return { cache, close };
}

function documents(sizes: Sizes): [key: string, value: string][] {
  const value = JSON.stringify('x'.repeat(sizes.documentBytes));
  return Array.from({ length: sizes.documents }, (_, key) => [keyText(key, sizes), value]);
}

class CountedVersions implements DocumentOrigin {
  #last = 0;

  async loadDocument(): Promise<OriginDocument> {
    return { value: undefined, version: this.#last };
  }

  async storeDocument(): Promise<number> {
    return (this.#last += 1);
  }

  async deleteDocument(): Promise<DeletedDocument> {
    return { existed: false, version: this.#last };
  }
}

/** Counts the reads that bring a document with a body. */
function counting(sizes: Sizes, read: (key: string) => Awaitable<Pick<CacheRead, 'document'>>): Hammer {
  const keys = freshKeys(CHUNK, sizes.documents, sizes);
  let found = 0;
  return {
    chunk: CHUNK,
    prepare: () => keys.renew(),
    async work(times) {
      for (let time = 0; time < times; time++) {
        const seen = read(keys.all[time]!);
        const { document } = seen instanceof Promise ? await seen : seen;
        if (document !== undefined && document.body.byteLength > sizes.documentBytes) found += 1;
      }
    },
    found: () => found,
  };
}
