/**
 * A cache line per shard of a `SharedTable`: the intent of the change that is under way, what it takes to undo or
 * complete it, how many records the shard has, and its sequence.
 *
 * Ordering: all of it is written and read under the shard's lock. An intent is opened and closed by `Atomics.store`,
 * after all that belongs to it and before the changes that it announces; the compiler moves neither across.
 */
import { PAYLOAD_WORDS } from './record-layout.ts';
import type { TableLayout } from './table-layout.ts';

export const NONE = 0;
export const INSERT = 1;
export const UPDATE = 2;
export const REMOVE = 3;

const INTENT = 0;
const RECORD = 1;
const BUCKET = 2;
const COUNT_BEFORE = 3;
const COUNT = 4;
const SEQUENCE = 6; // a float64
const SAVED = 8; // payload before an update

export class ShardLines {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #layout: TableLayout;

  constructor(words: Int32Array, doubles: Float64Array, layout: TableLayout) {
    this.#words = words;
    this.#doubles = doubles;
    this.#layout = layout;
  }

  count(shard: number): number {
    return this.#words[this.#layout.shardLine(shard) + COUNT]!;
  }

  /** Sets the count to what it was when the intent was opened, and so much more. */
  countChanged(shard: number, by: number): void {
    const line = this.#layout.shardLine(shard);
    this.#words[line + COUNT] = this.#words[line + COUNT_BEFORE]! + by;
  }

  nextSequence(shard: number): number {
    return ++this.#doubles[(this.#layout.shardLine(shard) + SEQUENCE) >>> 1]!;
  }

  intent(shard: number): number {
    return this.#words[this.#layout.shardLine(shard)]!;
  }

  /** The record that the intent is about, −1 while it has none. */
  record(shard: number): number {
    return this.#words[this.#layout.shardLine(shard) + RECORD]!;
  }

  /** Index of the word that `record` reads, for a pool that notes there what it reserved. */
  recordWord(shard: number): number {
    return this.#layout.shardLine(shard) + RECORD;
  }

  /** Index of the bucket that the intent is about. */
  bucket(shard: number): number {
    return this.#words[this.#layout.shardLine(shard) + BUCKET]!;
  }

  /** Announces that `record` will come to `bucket`, or leave it. */
  open(shard: number, intent: number, bucket: number, record: number): void {
    const line = this.#layout.shardLine(shard);
    this.#words[line + RECORD] = record;
    this.#words[line + BUCKET] = bucket;
    this.#words[line + COUNT_BEFORE] = this.#words[line + COUNT]!;
    Atomics.store(this.#words, line + INTENT, intent);
  }

  /** Saves the payload of `record` and announces that it will change. */
  openUpdate(shard: number, record: number, payload: number): void {
    const words = this.#words;
    const line = this.#layout.shardLine(shard);
    for (let word = 0; word < PAYLOAD_WORDS; word++) words[line + SAVED + word] = words[payload + word]!;
    words[line + RECORD] = record;
    Atomics.store(words, line + INTENT, UPDATE);
  }

  restorePayload(shard: number, payload: number): void {
    const saved = this.#layout.shardLine(shard) + SAVED;
    for (let word = 0; word < PAYLOAD_WORDS; word++) this.#words[payload + word] = this.#words[saved + word]!;
  }

  close(shard: number): void {
    Atomics.store(this.#words, this.#layout.shardLine(shard) + INTENT, NONE);
  }
}
