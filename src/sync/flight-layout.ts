/**
 * Where the parts of a table of flights lie, in 32-bit words: a line with the head of the free list, the buckets, and
 * a record per flight.
 *
 * ```
 * word 0     state: generation << 3 | phase
 * word 1–2   bit per thread position that waits for the landing
 * word 3     record number + 1 of the next in the bucket or in the free list
 * word 4–5   hash of the key, and its bytes
 * word 6     slot of the loader
 * word 7     note of what it landed with
 * word 8…    the key
 * ```
 */
import { MAX_KEY_BYTES } from './key-hash.ts';

export const STATE = 0;
export const NEXT = 3;
export const HASH = 4;
export const KEY_BYTES = 5;
export const LOADER = 6;
export const PAYLOAD = 7;
export const KEY = 8;
export const FLIGHT_WORDS = KEY + MAX_KEY_BYTES / 4;

export const PHASE = 0b111;
export const GENERATION = ~PHASE;

export const FREE = 0;
/** On its way, and joined by who wants the key. */
export const LOADING = 1;
/** On its way, joined by nobody any more, and not to be stored. */
export const VOID = 2;
// What follows has landed and is there only for those who wait.
export const FOUND = 3;
export const MISSING = 4;
export const FAILED = 5;
/** Landed, but there was no room for what it brought. */
export const LOST = 6;

export type LandedPhase = typeof FOUND | typeof MISSING | typeof FAILED | typeof LOST;

/** What a thread does next about a flight: load it, with this token; or wait for it. */
export interface Joined {
  readonly record: number;
  readonly token: number | undefined;
}

/** What a flight landed with. */
export interface Landed {
  readonly phase: LandedPhase;
  readonly payload: Uint8Array<ArrayBuffer> | undefined;
}

const LINE_WORDS = 16;
/** Record number + 1 of the first free record, 0 when there is none. */
export const FREE_HEAD = 0;

export class FlightLayout {
  readonly capacity: number;
  readonly #line: number;
  readonly #buckets: number;

  /** @param line index of the table's first word */
  constructor(line: number, capacity: number) {
    this.#line = line;
    this.capacity = capacity;
    this.#buckets = 2 ** Math.ceil(Math.log2(Math.max(capacity, 16)));
  }

  get words(): number {
    return LINE_WORDS + this.#buckets + this.capacity * FLIGHT_WORDS;
  }

  get freeHead(): number {
    return this.#line + FREE_HEAD;
  }

  get firstBucket(): number {
    return this.#line + LINE_WORDS;
  }

  get endOfBuckets(): number {
    return this.firstBucket + this.#buckets;
  }

  bucketOf(hash: number): number {
    return this.firstBucket + (hash & (this.#buckets - 1));
  }

  /** Index of a record's first word. */
  record(record: number): number {
    return this.endOfBuckets + record * FLIGHT_WORDS;
  }
}
