/**
 * A hash table in shared memory: a dense pool of records, and buckets that chain record numbers.
 *
 * Guarantee: every change records its intent before it touches a record, so that `repair` rolls a half-done change
 * back (insert, update) or forward (remove), and doing so twice changes nothing. A change that throws is undone at
 * once. A record's number never changes while it lives. A full table refuses and overwrites nothing; a removed record
 * leaves no tombstone.
 * Cost: one cache line per record with a key of up to 32 bytes; longer keys touch a second region.
 *
 * The caller holds the lock of the key's shard: `shardOf` tells which. Each shard owns a range of the buckets; the
 * pool is common to all.
 *
 * Ordering: records are plain memory. They are written and read under the shard's lock, which orders them; intents
 * are opened and closed by `Atomics.store`, which the compiler cannot move across the changes that they announce.
 */
import { type HashSeed, KeyBuffer } from './key-hash.ts';
import { RecordKeys } from './record-keys.ts';
import { HASH, NEXT, nextInUse, PAYLOAD, STATE } from './record-layout.ts';
import { type PoolLock, RecordPool } from './record-pool.ts';
import type { RecordTable } from './record-table.ts';
import { INSERT, NONE, REMOVE, ShardLines, UPDATE } from './shard-lines.ts';
import { TableLayout } from './table-layout.ts';
import { verifyTable } from './verify-table.ts';

export interface SharedTableOptions {
  readonly data: SharedArrayBuffer;
  readonly capacity: number;
  readonly shards: number;
  readonly seed: HashSeed;
  /** The pool's leaf lock. */
  readonly lock: PoolLock;
}

export class SharedTable implements RecordTable {
  /** Payloads are read and written through these; `payloadOf` gives the index in `words`. */
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly #keys: KeyBuffer;
  readonly #layout: TableLayout;
  readonly #stored: RecordKeys;
  readonly #lines: ShardLines;
  readonly #pool: RecordPool;

  /** Bytes of shared memory for `capacity` records in `shards` shards. */
  static bytes(capacity: number, shards = 1): number {
    return new TableLayout(capacity, shards).bytes;
  }

  constructor({ data, capacity, shards, seed, lock }: SharedTableOptions) {
    this.words = new Int32Array(data);
    this.doubles = new Float64Array(data, 0, data.byteLength >>> 3);
    this.#keys = new KeyBuffer(seed);
    const layout = new TableLayout(capacity, shards);
    this.#layout = layout;
    this.#stored = new RecordKeys(this.words, layout.recordBase, layout.longKeyBase);
    this.#lines = new ShardLines(this.words, this.doubles, layout);
    const records = {
      link: (n: number) => layout.record(n) + NEXT,
      state: (n: number) => layout.record(n) + STATE,
      bits: layout.bitBase,
    };
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
    return this.#layout.shardOf(this.#keys.load(key).hash);
  }

  /** Records of a shard. */
  count(shard: number): number {
    return this.#lines.count(shard);
  }

  /** A number greater than every one that this shard gave before. */
  nextSequence(shard: number): number {
    return this.#lines.nextSequence(shard);
  }

  /** Index in `words` of a record's payload; half of it is the index in `doubles`. */
  payloadOf(record: number): number {
    return this.#layout.record(record) + PAYLOAD;
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
    for (let link = words[this.#layout.bucketOf(keys.hash)]!; link !== 0;) {
      const at = this.#layout.record(link - 1);
      if (words[at + HASH] === keys.hash && words[at + STATE] === keys.byteLength && this.#stored.has(link - 1, keys)) {
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
    const { hash, byteLength } = this.#keys.load(key);
    const shard = this.#layout.shardOf(hash);
    const bucket = this.#layout.bucketOf(hash);
    const { words } = this;
    this.#settle(shard);
    this.#lines.open(shard, INSERT, bucket, -1);
    try {
      const record = this.#pool.take(shard, this.#lines.recordWord(shard));
      if (record !== -1) {
        const at = this.#layout.record(record);
        words[at + HASH] = hash;
        this.#stored.write(record, this.#keys);
        write(at + PAYLOAD);
        words[at + NEXT] = words[bucket]!;
        Atomics.store(words, at + STATE, byteLength);
        words[bucket] = record + 1;
        this.#lines.countChanged(shard, 1);
      }
      this.#lines.close(shard);
      return record;
    } catch (error) {
      this.repair(shard);
      throw error;
    }
  }

  /** Changes a record's payload: all that `write` does, or nothing when it throws or its thread dies. */
  update(record: number, write: (payload: number) => void): void {
    const at = this.#layout.record(record);
    const shard = this.#layout.shardOf(this.words[at + HASH]!);
    this.#settle(shard);
    this.#lines.openUpdate(shard, record, at + PAYLOAD);
    try {
      write(at + PAYLOAD);
    } catch (error) {
      this.repair(shard);
      throw error;
    }
    this.#lines.close(shard);
  }

  /**
   * Takes a record out. `midway` runs once the intent is open and before anything has changed: when it throws, the
   * record stays; when its thread dies, the next owner takes it out.
   */
  remove(record: number, midway?: () => void): void {
    const hash = this.words[this.#layout.record(record) + HASH]!;
    const shard = this.#layout.shardOf(hash);
    this.#settle(shard);
    this.#lines.open(shard, REMOVE, this.#layout.bucketOf(hash), record);
    try {
      midway?.();
    } catch (error) {
      this.#lines.close(shard);
      throw error;
    }
    this.repair(shard); // forward
  }

  /** Completes or rolls back what the shard's last owner left half-done. Runs under the shard's lock. */
  repair(shard: number): void {
    const record = this.#lines.record(shard);
    switch (this.#lines.intent(shard)) {
      case INSERT:
        this.#lines.countChanged(shard, 0);
        if (record !== -1) this.#withdraw(record, shard);
        break;
      case UPDATE:
        this.#lines.restorePayload(shard, this.payloadOf(record));
        break;
      case REMOVE:
        this.#lines.countChanged(shard, -1);
        this.#withdraw(record, shard);
        break;
    }
    this.#lines.close(shard);
  }

  /** Whether a record is in use. Outside the locks it may be out of date at once. */
  isLive(record: number): boolean {
    return Atomics.load(this.words, this.#layout.record(record) + STATE) > 0;
  }

  /** The first record from `from` on, and before `end`, that is in use, −1 when there is none; others cost a bit each. */
  nextLive(from: number, end = this.end): number {
    const bitsAt = (n: number): number => Atomics.load(this.words, this.#layout.bitBase + n);
    return nextInUse(from, Math.min(end, this.end), bitsAt, (record) => this.isLive(record));
  }

  /** The shard of a live record, −1 for any other. Outside that shard's lock it may be out of date at once. */
  shardAt(record: number): number {
    return this.isLive(record) ? this.#layout.shardOf(this.words[this.#layout.record(record) + HASH]!) : -1;
  }

  /** The key of a live record of `shard`, undefined for any other record. Runs under the shard's lock. */
  keyOf(record: number, shard: number): string | undefined {
    if (this.shardAt(record) !== shard) return undefined;
    return this.#stored.read(record, this.words[this.#layout.record(record) + STATE]!);
  }

  /** @returns what is wrong with the table: nothing, unless it has a defect. Runs under the locks of all shards. */
  verify(): string[] {
    const shards = Array.from({ length: this.#layout.shards }, (_, shard) => shard);
    return this.#pool.inside(() =>
      verifyTable({
        words: this.words,
        layout: this.#layout,
        keyOf: (record) => this.#stored.read(record, this.words[this.#layout.record(record) + STATE]!),
        hashOf: (key) => this.#keys.load(key).hash,
        counts: shards.map((shard) => this.count(shard)),
        open: shards.filter((shard) => this.#lines.intent(shard) !== NONE).map((shard) => `shard ${shard}`),
        fresh: this.#pool.fresh,
        freed: this.#pool.freed(),
      }),
    );
  }

  /** An intent that is still open belongs to a change that failed and could not be undone then: try again. */
  #settle(shard: number): void {
    if (this.#lines.intent(shard) !== NONE) this.repair(shard);
  }

  /** Takes a record out of the intent's chain and returns it to the pool, unless either is done already. */
  #withdraw(record: number, shard: number): void {
    const { words } = this;
    for (let link = this.#lines.bucket(shard); words[link] !== 0; link = this.#layout.record(words[link]! - 1) + NEXT) {
      if (words[link] !== record + 1) continue;
      words[link] = words[this.#layout.record(record) + NEXT]!;
      break;
    }
    this.#pool.give(record, (state) => this.#isOurs(record, state, shard));
  }

  /** Whether a record is reserved by `shard` or lives in it; another shard may have taken it since. */
  #isOurs(record: number, state: number, shard: number): boolean {
    return state > 0 ? this.shardAt(record) === shard : state === -(shard + 1);
  }
}
