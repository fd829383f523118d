/**
 * A hash table in shared memory: a dense pool of records, and buckets that chain record numbers.
 *
 * Guarantee: every change records its intent before it touches a record, so that `repair` rolls a half-done change
 * back (insert, update) or forward (remove), and doing so twice changes nothing. A record's number never changes
 * while it lives. A full table refuses and overwrites nothing; a removed record leaves no tombstone.
 * Cost: one cache line per record with a key of up to 32 bytes; longer keys touch a second region.
 *
 * The caller holds the lock of the key's shard: `shardOf` tells which. Each shard owns a range of the buckets; the
 * pool is common to all.
 *
 * Ordering: records are plain memory. They are written and read under the shard's lock, which orders them; intents
 * are opened and closed by `Atomics.store`, which the compiler cannot move across the changes that they announce.
 */
import { type HashSeed, KeyBuffer, MAX_KEY_BYTES } from './key-hash.ts';
import { RecordPool, POOL_WORDS } from './record-pool.ts';
import type { RecordTable } from './record-table.ts';
import type { Slot } from './thread-table.ts';

/** 32-bit words of payload in each record. */
export const PAYLOAD_WORDS = 4;

const NEXT = 0; // record number + 1 of the next in the chain or in the free list
const HASH = 1;
const STATE = 2; // 0 free, −(shard + 1) reserved, else the key's bytes
const PAYLOAD = 4;
const KEY = PAYLOAD + PAYLOAD_WORDS;
const RECORD_WORDS = 16;
const INLINE_KEY_WORDS = RECORD_WORDS - KEY;
const LONG_KEY_WORDS = MAX_KEY_BYTES / 4 - INLINE_KEY_WORDS;

const SHARD_WORDS = 16;
const INTENT = 0;
const INTENT_RECORD = 1;
const INTENT_BUCKET = 2;
const COUNT_BEFORE = 3;
const COUNT = 4;
const SEQUENCE = 6; // a float64
const SAVED = 8; // payload before an update

const INSERT = 1;
const UPDATE = 2;
const REMOVE = 3;

export interface SharedTableOptions {
  readonly data: SharedArrayBuffer;
  readonly capacity: number;
  readonly shards: number;
  readonly seed: HashSeed;
  /** The pool's leaf lock. */
  readonly lock: {
    readonly locks: Int32Array;
    readonly line: number;
    readonly options: { readonly name: string; readonly slot: Slot; readonly timeoutMs: number };
  };
}

export class SharedTable implements RecordTable {
  /** Payloads are read and written through these; `payloadOf` gives the index in `words`. */
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly #keys: KeyBuffer;
  readonly #pool: RecordPool;
  readonly #shards: number;
  readonly #bucketMask: number;
  readonly #bucketBase: number;
  readonly #recordBase: number;
  readonly #longKeyBase: number;
  readonly #bytes: Uint8Array;

  /** Bytes of shared memory for `capacity` records in `shards` shards. */
  static bytes(capacity: number, shards = 1): number {
    const records = RECORD_WORDS + LONG_KEY_WORDS;
    return 4 * (POOL_WORDS + shards * SHARD_WORDS + bucketsFor(capacity) + capacity * records);
  }

  constructor({ data, capacity, shards, seed, lock }: SharedTableOptions) {
    this.words = new Int32Array(data);
    this.doubles = new Float64Array(data, 0, data.byteLength >>> 3);
    this.#bytes = new Uint8Array(data);
    this.#keys = new KeyBuffer(seed);
    this.#shards = shards;
    const buckets = bucketsFor(capacity);
    this.#bucketMask = buckets - 1;
    this.#recordBase = POOL_WORDS + shards * SHARD_WORDS;
    this.#bucketBase = this.#recordBase + capacity * RECORD_WORDS;
    this.#longKeyBase = this.#bucketBase + buckets;
    const records = { link: (n: number) => this.#record(n) + NEXT, state: (n: number) => this.#record(n) + STATE };
    this.#pool = new RecordPool(this.words, 0, capacity, records, lock);
  }

  get isFull(): boolean {
    return this.#pool.isFull;
  }

  /** Record numbers in use are below this. */
  get end(): number {
    return this.#pool.fresh;
  }

  /** Which shard, and so which lock, a key belongs to. */
  shardOf(key: string): number {
    return this.#shardOfBucket(this.#keys.load(key).hash & this.#bucketMask);
  }

  /** Records of a shard. */
  count(shard: number): number {
    return this.words[this.#shardLine(shard) + COUNT]!;
  }

  /** A number greater than every one that this shard gave before. */
  nextSequence(shard: number): number {
    return ++this.doubles[(this.#shardLine(shard) + SEQUENCE) >>> 1]!;
  }

  /** Index in `words` of a record's payload; half of it is the index in `doubles`. */
  payloadOf(record: number): number {
    return this.#record(record) + PAYLOAD;
  }

  /** The payload's `field`-th float64. */
  number(payload: number, field: number): number {
    return this.doubles[(payload >>> 1) + field]!;
  }

  setNumber(payload: number, field: number, value: number): void {
    this.doubles[(payload >>> 1) + field] = value;
  }

  /** @returns the key's record number, −1 when it has none */
  find(key: string): number {
    const keys = this.#keys.load(key);
    const { words } = this;
    for (let link = words[this.#bucketBase + (keys.hash & this.#bucketMask)]!; link !== 0;) {
      const at = this.#record(link - 1);
      if (words[at + HASH] === keys.hash && words[at + STATE] === keys.byteLength && this.#hasKey(link - 1)) {
        return link - 1;
      }
      link = words[at + NEXT]!;
    }
    return -1;
  }

  /**
   * Adds a record for a key that has none; `write` fills its payload before anybody can find it.
   *
   * @returns the record number, −1 when the table is full
   */
  insert(key: string, write: (payload: number) => void): number {
    const shard = this.shardOf(key);
    const { words } = this;
    const line = this.#shardLine(shard);
    const bucket = this.#bucketBase + (this.#keys.hash & this.#bucketMask);
    words[line + INTENT_RECORD] = -1;
    this.#open(line, INSERT, bucket);
    const record = this.#pool.take(shard, line + INTENT_RECORD);
    if (record !== -1) {
      const at = this.#record(record);
      words[at + HASH] = this.#keys.hash;
      this.#writeKey(record);
      write(at + PAYLOAD);
      words[at + NEXT] = words[bucket]!;
      Atomics.store(words, at + STATE, this.#keys.byteLength);
      words[bucket] = record + 1;
      words[line + COUNT] = words[line + COUNT_BEFORE]! + 1;
    }
    Atomics.store(words, line + INTENT, 0);
    return record;
  }

  /** Changes a record's payload: all that `write` does, or nothing when it throws or its thread dies. */
  update(record: number, write: (payload: number) => void): void {
    const { words } = this;
    const at = this.#record(record);
    const line = this.#shardLine(this.#shardOfBucket(words[at + HASH]! & this.#bucketMask));
    for (let word = 0; word < PAYLOAD_WORDS; word++) words[line + SAVED + word] = words[at + PAYLOAD + word]!;
    words[line + INTENT_RECORD] = record;
    Atomics.store(words, line + INTENT, UPDATE);
    write(at + PAYLOAD);
    Atomics.store(words, line + INTENT, 0);
  }

  /** Takes a record out; `midway` runs while the change is half-done. */
  remove(record: number, midway?: () => void): void {
    const bucket = this.words[this.#record(record) + HASH]! & this.#bucketMask;
    const shard = this.#shardOfBucket(bucket);
    const line = this.#shardLine(shard);
    this.words[line + INTENT_RECORD] = record;
    this.#open(line, REMOVE, this.#bucketBase + bucket);
    midway?.();
    this.#finishRemove(line, shard);
  }

  /** Completes or rolls back what the shard's last owner left half-done. Runs under the shard's lock. */
  repair(shard: number): void {
    const { words } = this;
    const line = this.#shardLine(shard);
    const record = words[line + INTENT_RECORD]!;
    switch (words[line + INTENT]) {
      case INSERT:
        words[line + COUNT] = words[line + COUNT_BEFORE]!;
        if (record !== -1) this.#withdraw(record, shard, words[line + INTENT_BUCKET]!);
        break;
      case UPDATE:
        for (let word = 0; word < PAYLOAD_WORDS; word++)
          words[this.payloadOf(record) + word] = words[line + SAVED + word]!;
        break;
      case REMOVE:
        return this.#finishRemove(line, shard);
    }
    Atomics.store(words, line + INTENT, 0);
  }

  /** Whether a record is in use. Outside the locks it may be out of date at once. */
  isLive(record: number): boolean {
    return Atomics.load(this.words, this.#record(record) + STATE) > 0;
  }

  /** The key of a live record of `shard`, undefined for any other record. Runs under the shard's lock. */
  keyOf(record: number, shard: number): string | undefined {
    const at = this.#record(record);
    const byteLength = Atomics.load(this.words, at + STATE);
    if (byteLength <= 0 || this.#shardOfBucket(this.words[at + HASH]! & this.#bucketMask) !== shard) return undefined;
    const inline = Math.min(byteLength, INLINE_KEY_WORDS * 4);
    const head = Buffer.from(this.#bytes.buffer, (at + KEY) * 4, inline);
    if (inline === byteLength) return head.toString('utf8');
    const tail = Buffer.from(this.#bytes.buffer, this.#longKey(record) * 4, byteLength - inline);
    return Buffer.concat([head, tail]).toString('utf8');
  }

  #record(record: number): number {
    return this.#recordBase + record * RECORD_WORDS;
  }

  #longKey(record: number): number {
    return this.#longKeyBase + record * LONG_KEY_WORDS;
  }

  #shardLine(shard: number): number {
    return POOL_WORDS + shard * SHARD_WORDS;
  }

  #shardOfBucket(bucket: number): number {
    return Math.floor((bucket * this.#shards) / (this.#bucketMask + 1));
  }

  #open(line: number, intent: number, bucket: number): void {
    this.words[line + INTENT_BUCKET] = bucket;
    this.words[line + COUNT_BEFORE] = this.words[line + COUNT]!;
    Atomics.store(this.words, line + INTENT, intent);
  }

  #finishRemove(line: number, shard: number): void {
    const { words } = this;
    words[line + COUNT] = words[line + COUNT_BEFORE]! - 1;
    this.#withdraw(words[line + INTENT_RECORD]!, shard, words[line + INTENT_BUCKET]!);
    Atomics.store(words, line + INTENT, 0);
  }

  /** Takes a record out of its chain and returns it to the pool, unless either is done already. */
  #withdraw(record: number, shard: number, bucket: number): void {
    for (let link = bucket; this.words[link] !== 0; link = this.#record(this.words[link]! - 1) + NEXT) {
      if (this.words[link] !== record + 1) continue;
      this.words[link] = this.words[this.#record(record) + NEXT]!;
      break;
    }
    this.#pool.give(record, (state) => this.#isOurs(record, state, shard));
  }

  /** Whether a record is reserved by `shard` or lives in it; another shard may have taken it since. */
  #isOurs(record: number, state: number, shard: number): boolean {
    if (state <= 0) return state === -(shard + 1);
    return this.#shardOfBucket(this.words[this.#record(record) + HASH]! & this.#bucketMask) === shard;
  }

  #hasKey(record: number): boolean {
    const keys = this.#keys.words;
    const length = this.#keys.wordLength;
    const inline = this.#record(record) + KEY;
    for (let word = 0; word < length && word < INLINE_KEY_WORDS; word++) {
      if (this.words[inline + word] !== keys[word]) return false;
    }
    const rest = this.#longKey(record) - INLINE_KEY_WORDS;
    for (let word = INLINE_KEY_WORDS; word < length; word++) {
      if (this.words[rest + word] !== keys[word]) return false;
    }
    return true;
  }

  #writeKey(record: number): void {
    const keys = this.#keys.words;
    const length = this.#keys.wordLength;
    const inline = this.#record(record) + KEY;
    for (let word = 0; word < length && word < INLINE_KEY_WORDS; word++) this.words[inline + word] = keys[word]!;
    const rest = this.#longKey(record) - INLINE_KEY_WORDS;
    for (let word = INLINE_KEY_WORDS; word < length; word++) this.words[rest + word] = keys[word]!;
  }
}

/** A power of two, at least one bucket per record. */
function bucketsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(capacity, 16)));
}
