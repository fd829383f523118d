/**
 * Hits of a full-grown cache in one thread: documents of a kibibyte by keys that are fresh strings, as HTTP delivers
 * them. Ours copies the bytes out, since another thread may replace them; a cache of one thread hands out its own.
 */
import { LRUCache } from 'lru-cache';
import { seededRandom } from '../../../load/seeded-random.ts';
import { readSettings } from '../../../src/settings.ts';
import { type Entry, openEntry, packEntry } from '../../../src/strategies/cache-entry.ts';
import { asOwner, type CacheTable } from '../../../src/strategies/cache-table.ts';
import { sharedCache, sharedCacheMemory } from '../../../src/strategies/shared-cache.ts';
import { Doorbell } from '../../../src/sync/doorbell.ts';
import { LOCK_BYTES } from '../../../src/sync/lock-line.ts';
import { SyncMutex } from '../../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import type { Hammer, Post, Sizes } from '../job.ts';
import { keyText } from '../keys.ts';

const CHUNK = 1_000;
const MAX_DOCUMENTS = 10_000;
const VALUE = JSON.stringify('x'.repeat(1_000));
const TTL_MS = 86_400_000;

/** As the strategy `sync-lock` has it: looked up and copied in the lock. */
export function lockedTable(post: Post): Hammer {
  const { table, mutex } = tableOf(post);
  return onFreshKeys(post.sizes, (key) => {
    const seen = mutex.run(() => table.look(key));
    return typeof seen !== 'string' && openEntry(seen).etag.length > 0;
  });
}

/** The same by the only one who may. */
export function ownTable(post: Post): Hammer {
  const { table } = tableOf(post);
  return onFreshKeys(post.sizes, (key) => {
    const seen = table.look(key);
    return typeof seen !== 'string' && openEntry(seen).etag.length > 0;
  });
}

export function lruCache({ sizes }: Post): Hammer {
  const maxSize = readSettings({}).CACHE_MEMORY_MB * 2 ** 20;
  const cache = new LRUCache<string, Entry>({ maxSize, ttl: TTL_MS, sizeCalculation: ({ byteLength }) => byteLength });
  for (const [key, entry] of documents(sizes)) cache.set(key, entry);
  return onFreshKeys(sizes, (key) => {
    const seen = cache.get(key);
    return seen !== undefined && openEntry(seen).etag.length > 0;
  });
}

function tableOf({ memory: { threads: words }, position, sizes }: Post): { table: CacheTable; mutex: SyncMutex } {
  const settings = readSettings({});
  const { locks, bytes } = sharedCacheMemory(settings, 1);
  const memory = {
    locks: new Int32Array(new SharedArrayBuffer(locks * LOCK_BYTES)),
    data: new SharedArrayBuffer(bytes),
  };
  const threads = new ThreadTable(words);
  const slot = ThreadTable.slot(position, 0);
  const thread = { slot, threads, doorbell: new Doorbell(threads, slot) };
  const lab = { midway: () => {} };
  const { entries, table } = sharedCache({ name: 'bench', memory, settings, thread, hashSeed: [1, 2], lab });
  const options = { name: 'bench', slot, timeoutMs: 1_000, repair: () => entries.repair(0) };
  for (const [key, entry] of documents(sizes)) table.put(key, entry, asOwner);
  return { table, mutex: new SyncMutex(memory.locks, 0, options) };
}

function documentCount({ keys }: Sizes): number {
  return Math.min(keys, MAX_DOCUMENTS);
}

function documents(sizes: Sizes): [key: string, entry: Entry][] {
  return Array.from({ length: documentCount(sizes) }, (_, at) => {
    const key = keyText(at, sizes);
    return [key, packEntry(key, { value: VALUE, version: at + 1, ttlMs: TTL_MS })];
  });
}

/** Counts the hits. */
function onFreshKeys(sizes: Sizes, isHit: (key: string) => boolean): Hammer {
  const count = documentCount(sizes);
  const bytes = Buffer.from(Array.from({ length: count }, (_, key) => keyText(key, sizes)).join(''), 'latin1');
  const random = seededRandom(1);
  const keys: string[] = Array.from({ length: CHUNK });
  let hits = 0;
  return {
    chunk: CHUNK,
    prepare() {
      for (let at = 0; at < CHUNK; at++) {
        const from = Math.floor(random() * count) * sizes.keyBytes;
        keys[at] = bytes.toString('latin1', from, from + sizes.keyBytes);
      }
    },
    work(times) {
      for (let time = 0; time < times; time++) if (isHit(keys[time]!)) hits += 1;
    },
    found: () => hits,
  };
}
