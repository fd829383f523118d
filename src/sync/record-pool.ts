/**
 * A bounded pool of equally sized records in shared memory: which are free, and who reserved the others. One pool
 * serves all shards of a table, so that its capacity is the total and not a share of it.
 *
 * A reserved record carries `-(shard + 1)` in its state word until its shard makes it live, which is how a repair
 * tells a record that its own dead predecessor took from one that another shard took since.
 *
 * Each record has a bit, set from when it is reserved until it is free again, so that who looks for records in use need
 * not look at the others.
 *
 * Ordering: everything here runs inside `mutex`, a leaf lock that is taken last and held for a few stores.
 */
import { SyncMutex, type SyncMutexOptions } from './sync-mutex.ts';

/** Words of the pool's own state: one cache line. */
export const POOL_WORDS = 16;

const INTENT = 0;
const INTENT_RECORD = 1;
const OLD_HEAD = 2;
const OLD_FRESH = 3;
const HEAD = 4; // record number + 1 of the first freed record, 0 when there is none
const FRESH = 5; // records from here on were never used

const TAKE = 1;
const GIVE = 2;

/** State word of a record that nobody uses. */
export const FREE = 0;

export interface RecordWords {
  /** Index of the word that links free records. */
  link(record: number): number;
  /** Index of the word that tells free, reserved and live apart. */
  state(record: number): number;
  /** Index of the word that has the bits of records 0 to 31; those of the next follow. */
  readonly bits: number;
}

/** The pool's leaf lock. */
export interface PoolLock {
  readonly locks: Int32Array;
  readonly line: number;
  readonly options: Omit<SyncMutexOptions, 'repair'>;
}

export class RecordPool {
  readonly #words: Int32Array;
  readonly #line: number;
  readonly #capacity: number;
  readonly #records: RecordWords;
  readonly #mutex: SyncMutex;

  /**
   * @param line index in `words` of the pool's own line
   */
  constructor(words: Int32Array, line: number, capacity: number, records: RecordWords, lock: PoolLock) {
    this.#words = words;
    this.#line = line;
    this.#capacity = capacity;
    this.#records = records;
    this.#mutex = new SyncMutex(lock.locks, lock.line, { ...lock.options, repair: () => this.#repair() });
  }

  /** Records from this number on have never been used. May lag by what other threads take right now. */
  get fresh(): number {
    return Atomics.load(this.#words, this.#line + FRESH);
  }

  get isFull(): boolean {
    return Atomics.load(this.#words, this.#line + HEAD) === 0 && this.fresh >= this.#capacity;
  }

  /**
   * Reserves a record for `shard` and notes its number in the word `noteAt` within the same step.
   *
   * @returns the record number, −1 when the pool is full
   */
  take(shard: number, noteAt: number): number {
    return this.#mutex.run(() => {
      const words = this.#words;
      const line = this.#line;
      const head = words[line + HEAD]!;
      const fresh = words[line + FRESH]!;
      if (head === 0 && fresh >= this.#capacity) return -1;
      const record = head === 0 ? fresh : head - 1;
      words[line + INTENT_RECORD] = record;
      words[line + OLD_HEAD] = head;
      words[line + OLD_FRESH] = fresh;
      Atomics.store(words, line + INTENT, TAKE);
      if (head === 0) words[line + FRESH] = fresh + 1;
      else words[line + HEAD] = words[this.#records.link(record)]!;
      words[this.#records.state(record)] = -(shard + 1);
      this.#mark(record, true);
      words[noteAt] = record;
      Atomics.store(words, line + INTENT, 0);
      return record;
    });
  }

  /** Returns a record that `mayFree` still claims; asked inside the pool's lock. */
  give(record: number, mayFree: (state: number) => boolean): void {
    this.#mutex.run(() => {
      if (!mayFree(this.#words[this.#records.state(record)]!)) return;
      this.#words[this.#line + INTENT_RECORD] = record;
      this.#words[this.#line + OLD_HEAD] = this.#words[this.#line + HEAD]!;
      Atomics.store(this.#words, this.#line + INTENT, GIVE);
      this.#finishGive();
    });
  }

  /** Runs `read` under the pool's lock, so that nothing of the pool is half-done. */
  inside(read: () => string[]): string[] {
    return this.#mutex.run(read);
  }

  /** Numbers of the freed records, in the order of the free list; asked inside the pool's lock. */
  freed(): number[] {
    const found: number[] = [];
    for (let link = this.#words[this.#line + HEAD]!; link !== 0 && found.length <= this.#capacity;) {
      found.push(link - 1);
      link = this.#words[this.#records.link(link - 1)]!;
    }
    return found;
  }

  #mark(record: number, isUsed: boolean): void {
    const at = this.#records.bits + (record >>> 5);
    const bit = 1 << (record & 31);
    const bits = this.#words[at]!;
    this.#words[at] = isUsed ? bits | bit : bits & ~bit;
  }

  #finishGive(): void {
    const words = this.#words;
    const record = words[this.#line + INTENT_RECORD]!;
    words[this.#records.state(record)] = FREE;
    this.#mark(record, false);
    words[this.#records.link(record)] = words[this.#line + OLD_HEAD]!;
    words[this.#line + HEAD] = record + 1;
    Atomics.store(words, this.#line + INTENT, 0);
  }

  /** A half-done take is undone, a half-done give is completed; doing either twice changes nothing. */
  #repair(): void {
    const words = this.#words;
    const line = this.#line;
    if (words[line + INTENT] === GIVE) return this.#finishGive();
    if (words[line + INTENT] !== TAKE) return;
    words[line + HEAD] = words[line + OLD_HEAD]!;
    words[line + FRESH] = words[line + OLD_FRESH]!;
    words[this.#records.state(words[line + INTENT_RECORD]!)] = FREE;
    this.#mark(words[line + INTENT_RECORD]!, false);
    Atomics.store(words, line + INTENT, 0);
  }
}
