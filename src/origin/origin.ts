import type { WaitOptions } from '../sync/wait.ts';
import type { RedisCell } from './redis-cell.ts';

/** A value as the origin keeps it; undefined is a deletion, which is a version like any other. */
export type OriginValue = number | string | undefined;

/** A write that was decided: the new value and the version it was given. */
export interface Written<T extends OriginValue = OriginValue> {
  readonly value: T;
  /** Greater than that of every earlier write of the same key. */
  readonly version: number;
}

export interface OriginWrite extends Written {
  readonly key: string;
}

/**
 * The slow asynchronous dependency behind the state. It keeps the newest version of every key and ignores older ones,
 * so retries and late arrivals do no harm.
 */
export interface Origin {
  /**
   * Stores a batch; resolves when each write, or a newer version of its key, is kept.
   *
   * @throws {OriginFailedError} the origin refused: nothing of the batch was stored; with `outcome: "unknown"` the way
   *   to it broke before the answer came
   * @throws {OriginTimeoutError} no answer in time: the batch may still be stored, now or later
   */
  store(writes: readonly OriginWrite[], options?: WaitOptions): Promise<void>;

  /**
   * @returns the newest version of a key, undefined when the origin never had it
   * @throws {OriginFailedError} {OriginTimeoutError} as for `store`
   */
  load(key: string, options?: WaitOptions): Promise<Written | undefined>;

  /**
   * For how many milliseconds, as far as is known, it remembers as many deletions of this key's cell as it may, so that another
   * should be refused before it changes anything; 0: it takes one.
   */
  deletionsFullMs?(key: string): number;
}

/** A cell's part of the origin as a start looks at it, before it takes anything over. */
export interface StoredCell {
  /** As `sync-lock/counters`. */
  readonly cell: string;
  /** Whether an entry is taken over; the others are dropped. @throws {OriginFailedError} something else wrote this */
  takes(value: number | string): boolean;
  /** How much may be taken over. */
  readonly limits: readonly {
    /** What an entry adds to the total. */
    of(key: string, value: number | string): number;
    readonly most: number;
    readonly unit: string;
    /** The setting that says so. */
    readonly setting: string;
  }[];
}

/** A thread's own way to the origin. */
export interface OriginConnection extends Origin, DocumentOrigin {
  /** Resolves once it can be used. @throws {OriginFailedError} not yet, after the longest wait; it goes on trying */
  connected(): Promise<void>;

  /**
   * Everything that is kept of a cell, deletions left out, each key once, in any order. Called once, before the cell is used.
   *
   * @param takes whether an entry is taken over; the others may be deleted at the origin
   * @throws {OriginFailedError} {OriginTimeoutError} what came so far is not everything
   */
  restore(cell: string, takes?: StoredCell['takes']): AsyncIterable<OriginWrite>;

  /** What keeps this process from storing, in a few words; undefined while nothing does. Never throws. */
  problem(options: WaitOptions): Promise<string | undefined>;

  /** A cell's own part of Redis; undefined where the origin is another. */
  redisCell(cell: string): RedisCell | undefined;

  /** Waits for the calls under way and lets go of what would keep the thread alive. */
  close(): Promise<void>;
}

/** What the origin has under a key, and as of which version. */
export interface OriginDocument {
  /** JSON text; undefined: there is no such document. */
  readonly value: string | undefined;
  /**
   * Of a document its own, 0 for one that was there from the start. Where there is none, that of the cell's last change:
   * so it is greater than that of every document that the key ever had, and no deletion has to be remembered.
   */
  readonly version: number;
}

export interface DeletedDocument {
  /** Whether there was one. */
  readonly existed: boolean;
  /** As of which there is none: greater than that of every document that the key had before. */
  readonly version: number;
}

/**
 * The part of the origin that a cache loads from. What is stored and deleted is numbered by the origin, per cell, in the
 * order in which it does so: of two answers about a key, the one with the greater version is of the later time.
 */
export interface DocumentOrigin {
  /**
   * @throws {OriginFailedError} {OriginTimeoutError} as for `Origin.load`
   */
  loadDocument(key: string, options?: WaitOptions): Promise<OriginDocument>;

  /**
   * Stores a document, once: it is never sent again when the answer is lost.
   *
   * @returns its version
   * @throws {DocumentsFullError} there is no room for it; nothing changed
   * @throws {OriginFailedError} {OriginTimeoutError} as for `Origin.store`
   */
  storeDocument(key: string, value: string, options?: WaitOptions): Promise<number>;

  /**
   * Deletes a document, also one that was there from the start, and frees what it took. Sent once, as a store is.
   *
   * @throws {OriginFailedError} {OriginTimeoutError} as for `Origin.store`
   */
  deleteDocument(key: string, options?: WaitOptions): Promise<DeletedDocument>;
}
