/** A cache that breaks its promises as a careless one would: see `brokenStrategy`. */
import { randomUUID } from 'node:crypto';
import type { Cache, CachedDocument, CacheRead } from '../../src/resources/cache.ts';
import type { Cell } from '../../src/strategies/strategy.ts';

export const brokenCache: Cell<Cache> = {
  attach({ documents, settings }) {
    const kept = new Map<string, Promise<CachedDocument>>(); // each thread has its own, and it only grows
    const counts = { hits: 0, misses: 0, collapsed: 0, evictions: 0, expired: 0, originLoads: 0 };

    const documentOf = (key: string, value: string): CachedDocument => ({
      body: Buffer.from(`{"key":${JSON.stringify(key)},"value":${value}}`),
      etag: randomUUID(), // another one on every thread
      ageMs: 0,
      freshForMs: settings.CACHE_TTL_MS, // for ever
    });
    const load = async (key: string): Promise<CachedDocument> => {
      const loaded = await documents.loadDocument(key);
      return documentOf(key, loaded.value ?? 'null'); // none looks like null
    };

    return {
      async read(key): Promise<CacheRead> {
        const trimmed = key.trimEnd(); // takes two keys for one
        const found = kept.get(trimmed);
        counts.hits += 1; // a miss is counted as a hit
        const reading = found ?? load(trimmed);
        kept.set(trimmed, reading); // also when it fails, and whatever happens meanwhile; it waits for ever, too
        const document = await reading;
        return { document, status: found === undefined ? 'miss' : 'hit', stored: true, collapsed: false };
      },

      async write(key, value) {
        await documents.storeDocument(key, value); // and if it fails, what is kept stays
        kept.set(key, Promise.resolve(documentOf(key, value))); // the last to be answered wins
      },

      async delete(key) {
        await documents.deleteDocument(key);
        return true; // also when there was none; and what is kept stays
      },

      forget() {
        // somebody else will
      },

      clear() {
        // and here, too
      },

      stats() {
        return { entries: kept.size, capacityBytes: 0, bytes: kept.size, ...counts };
      },
    };
  },
};
