/** A cache of one thread, small enough to know: what the routes are tested with. */
import { createHash } from 'node:crypto';
import type { SharedStateError } from '../../src/errors.ts';
import type { Cache, CachedDocument, CacheRead, CacheStats } from '../../src/resources/cache.ts';

const TTL_MS = 30_000;

export class FakeCache implements Cache {
  /** JSON text by key. */
  readonly origin = new Map<string, string>();
  readonly #kept = new Map<string, CachedDocument>();
  /** What the next load says of itself. */
  next: Pick<CacheRead, 'stored' | 'collapsed'> = { stored: true, collapsed: false };
  /** Thrown by the next calls. */
  failure: SharedStateError | undefined;
  written: { readonly key: string; readonly value: string; readonly ttlMs: number } | undefined;

  read(key: string): CacheRead {
    if (this.failure !== undefined) throw this.failure;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.freshForMs > 0) {
      return { document: kept, status: 'hit', stored: false, collapsed: false };
    }
    const status = kept === undefined ? 'miss' : 'stale';
    const value = this.origin.get(key);
    if (value === undefined) return { document: undefined, status, stored: false, collapsed: false };
    this.keep(key, `{"key":${JSON.stringify(key)},"value":${value}}`);
    return { document: this.#kept.get(key), status, ...this.next };
  }

  async write(key: string, value: string, ttlMs: number): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.written = { key, value, ttlMs };
    this.origin.set(key, value);
    this.#kept.delete(key);
  }

  async delete(key: string): Promise<boolean> {
    if (this.failure !== undefined) throw this.failure;
    this.#kept.delete(key);
    return this.origin.delete(key);
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
  }

  stats(): CacheStats {
    const [entries, capacityBytes, bytes, hits, misses, collapsed, evictions, expired, originLoads] = [
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ] as const;
    const inner = { shards: 64 }; // more than the contract has
    return { ...inner, originLoads, expired, evictions, collapsed, misses, hits, bytes, capacityBytes, entries };
  }

  /** Puts bytes there as if they had just been loaded. */
  keep(key: string, body: string): void {
    const etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
    const bytes = new TextEncoder().encode(body);
    this.#kept.set(key, { body: bytes, etag, ageMs: 0, freshForMs: TTL_MS });
  }

  /** Makes a copy older. */
  age(key: string, byMs: number): void {
    const kept = this.#kept.get(key)!;
    this.#kept.set(key, { ...kept, ageMs: kept.ageMs + byMs, freshForMs: kept.freshForMs - byMs });
  }
}
