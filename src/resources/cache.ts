import type { Awaitable } from '../sync/wait.ts';
import type { Call } from './call.ts';

/** Longest value in bytes of JSON. */
export const MAX_DOCUMENT_BYTES = 32 * 1024;

/** A document as it is kept: never parsed again. */
export interface CachedDocument {
  /**
   * `{"key":…,"value":…}` as UTF-8, ready to be sent. Never shared memory, which could change on the way to the socket;
   * not to be changed: others may hold the same bytes.
   */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Strong, without quotes: the same for the same body, on every thread and after a restart. */
  readonly etag: string;
  /** At the moment of the read: for how long it has been in the cache, and for how long it may still be served from there. */
  readonly ageMs: number;
  readonly freshForMs: number;
}

/** What a read found, and how; see RFC 9211 for the words. */
export interface CacheRead {
  /** Undefined when the origin has no such document. */
  readonly document: CachedDocument | undefined;
  /** `miss`: it was not there; `stale`: it was there, but expired. */
  readonly status: 'hit' | 'miss' | 'stale';
  /** Whether this load went into the cache. False for a hit, and for a load that was invalidated while on its way. */
  readonly stored: boolean;
  /** Whether this read waited for a load that another one had begun. */
  readonly collapsed: boolean;
}

export interface CacheStats {
  readonly entries: number;
  readonly capacityBytes: number;
  /** Bytes of keys and values, with what keeping them costs. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  /** Of the misses, those that waited for another's load. */
  readonly collapsed: number;
  /** Entries that left to make room. */
  readonly evictions: number;
  /** Entries found to be expired. */
  readonly expired: number;
  readonly originLoads: number;
}

/**
 * Documents of the origin, kept in memory: read through, bounded in bytes, for a limited time.
 *
 * Per key, once a read saw a version of a document, or its write was acknowledged, no read that begins later sees an
 * older one; that it was deleted is a version too. Under every strategy but the control, concurrent misses of one key
 * across all threads cause one load. Errors are not kept.
 */
export interface Cache {
  /**
   * The document, from memory or else from the origin. A caller that times out or leaves ends its own wait only.
   *
   * @throws {OriginFailedError} {OriginTimeoutError} of the load it began or waited for
   */
  read(key: string, call: Call): Awaitable<CacheRead>;

  /**
   * Stores a document at the origin, then here.
   *
   * @param value JSON text of at most `MAX_DOCUMENT_BYTES`
   * @param ttlMs how long it may be served from memory
   * @throws {DocumentsFullError} there is no room for it at the origin; nothing changed
   * @throws {OriginFailedError} {OriginTimeoutError} its outcome says whether the origin may have it
   */
  write(key: string, value: string, ttlMs: number, call: Call): Promise<void>;

  /**
   * Deletes a document at the origin, and the copy here.
   *
   * @returns whether there was one
   * @throws {OriginFailedError} {OriginTimeoutError} as for `write`
   */
  delete(key: string, call: Call): Promise<boolean>;

  /** Forgets the copy in memory; the origin keeps its document. */
  forget(key: string, call: Call): Awaitable<void>;

  /** Forgets every copy; what is counted stays. For experiments: it takes as long as there are entries. */
  clear(call: Call): Awaitable<void>;

  /** Of all threads together. */
  stats(call: Call): Awaitable<CacheStats>;
}
