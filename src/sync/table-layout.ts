/**
 * Where the parts of a `SharedTable` lie, in 32-bit words: the pool's line, a line per shard, the records, the
 * buckets, a region for the ends of long keys, and a bit for each record that is in use. Each shard owns a range of the
 * buckets.
 */
import { bitWordsFor, bucketsFor, LONG_KEY_WORDS, RECORD_WORDS } from './record-layout.ts';
import { POOL_WORDS } from './record-pool.ts';

/** A shard's line, a cache line: the open intent with what it needs, the count, the sequence. */
export const SHARD_WORDS = 16;

export class TableLayout {
  readonly capacity: number;
  readonly shards: number;
  readonly buckets: number;
  readonly recordBase: number;
  readonly bucketBase: number;
  readonly longKeyBase: number;
  readonly bitBase: number;

  constructor(capacity: number, shards: number) {
    this.capacity = capacity;
    this.shards = shards;
    this.buckets = bucketsFor(capacity);
    this.recordBase = POOL_WORDS + shards * SHARD_WORDS;
    this.bucketBase = this.recordBase + capacity * RECORD_WORDS;
    this.longKeyBase = this.bucketBase + this.buckets;
    this.bitBase = this.longKeyBase + capacity * LONG_KEY_WORDS;
  }

  get bytes(): number {
    return 4 * (this.bitBase + bitWordsFor(this.capacity));
  }

  record(record: number): number {
    return this.recordBase + record * RECORD_WORDS;
  }

  shardLine(shard: number): number {
    return POOL_WORDS + shard * SHARD_WORDS;
  }

  /** Index of the bucket that a hash belongs to. */
  bucketOf(hash: number): number {
    return this.bucketBase + (hash & (this.buckets - 1));
  }

  /** The shard that a hash belongs to. */
  shardOf(hash: number): number {
    return Math.floor(((hash & (this.buckets - 1)) * this.shards) / this.buckets);
  }
}
