/**
 * The hash table of `SharedTable` in the pages of a `SnapshotCell`: the same records, chains and free list, but every
 * change goes to a copy, and the turn as a whole is what happens or does not.
 *
 * Guarantee: inside `snapshots.read` all answers are of one version. Inside `snapshots.write` a turn's own changes are
 * visible to itself; a throw that leaves the turn undoes all of them, so there are no intents and no repair.
 * Cost: two translations of an address per record; a change copies one to five pages, each with its directory.
 *
 * Ordering: that of `SnapshotCell`.
 */
import { type HashSeed, KeyBuffer, MAX_KEY_BYTES } from './key-hash.ts';
import {
  bitWordsFor,
  bucketsFor,
  HASH,
  INLINE_KEY_WORDS,
  KEY,
  LONG_KEY_WORDS,
  NEXT,
  nextInUse,
  PAYLOAD,
  RECORD_WORDS,
  STATE,
} from './record-layout.ts';
import type { RecordTable } from './record-table.ts';
import type { SnapshotCell } from './snapshot-cell.ts';

// Fields of the root.
const COUNT = 0;
const SEQUENCE = 1;
const FREE_HEAD = 2; // record number + 1 of the first freed record, 0 when there is none
const FRESH = 3; // records from here on were never used

export class SnapshotTable implements RecordTable {
  readonly #cell: SnapshotCell;
  readonly #capacity: number;
  readonly #keys: KeyBuffer;
  readonly #bucketBase: number;
  readonly #bucketMask: number;
  readonly #longKeyBase: number;
  readonly #bitBase: number;
  readonly #keyWords = new Int32Array(MAX_KEY_BYTES / 4);
  readonly #keyBytes = Buffer.from(this.#keyWords.buffer);

  /** Logical words of the cell for `capacity` records. */
  static words(capacity: number): number {
    return capacity * (RECORD_WORDS + LONG_KEY_WORDS) + bucketsFor(capacity) + bitWordsFor(capacity);
  }

  /** @param cell of at least `SnapshotTable.words(capacity)` words, which nobody else uses */
  constructor(cell: SnapshotCell, capacity: number, seed: HashSeed) {
    this.#cell = cell;
    this.#capacity = capacity;
    this.#keys = new KeyBuffer(seed);
    this.#bucketBase = capacity * RECORD_WORDS;
    this.#bucketMask = bucketsFor(capacity) - 1;
    this.#longKeyBase = this.#bucketBase + this.#bucketMask + 1;
    this.#bitBase = this.#longKeyBase + capacity * LONG_KEY_WORDS;
  }

  get isFull(): boolean {
    return this.#cell.field(FREE_HEAD) === 0 && this.end >= this.#capacity;
  }

  get end(): number {
    return this.#cell.field(FRESH);
  }

  /** There is one writer, so there is one shard. */
  shardOf(_key: string): number {
    return 0;
  }

  count(_shard = 0): number {
    return this.#cell.field(COUNT);
  }

  nextSequence(_shard = 0): number {
    const sequence = this.#cell.field(SEQUENCE) + 1;
    this.#cell.setField(SEQUENCE, sequence);
    return sequence;
  }

  payloadOf(record: number): number {
    return record * RECORD_WORDS + PAYLOAD;
  }

  number(payload: number, field: number): number {
    return this.#cell.double(payload + 2 * field);
  }

  setNumber(payload: number, field: number, value: number): void {
    this.#cell.setDouble(payload + 2 * field, value);
  }

  find(key: string): number {
    const keys = this.#keys.load(key);
    const { words } = this.#cell;
    for (let link = this.#cell.word(this.#bucketOf(keys.hash)); link !== 0;) {
      const at = this.#cell.at((link - 1) * RECORD_WORDS);
      if (words[at + HASH] === keys.hash && words[at + STATE] === keys.byteLength && this.#hasKey(link - 1, at)) {
        return link - 1;
      }
      link = words[at + NEXT]!;
    }
    return -1;
  }

  insert(key: string, write: (payload: number) => void): number {
    const record = this.#take();
    if (record === -1) return -1;
    const { byteLength, hash } = this.#keys.load(key);
    const bucket = this.#bucketOf(hash);
    this.#mark(record, true);
    this.#writeKey(record);
    write(this.payloadOf(record));
    const first = this.#cell.word(bucket);
    this.#cell.set(bucket, record + 1);
    const at = this.#cell.writable(record * RECORD_WORDS);
    this.#cell.words[at + NEXT] = first;
    this.#cell.words[at + HASH] = hash;
    this.#cell.words[at + STATE] = byteLength;
    this.#cell.setField(COUNT, this.count() + 1);
    return record;
  }

  update(record: number, write: (payload: number) => void): void {
    write(this.payloadOf(record));
  }

  remove(record: number, midway?: () => void): void {
    const { words } = this.#cell;
    let link = this.#bucketOf(words[this.#cell.at(record * RECORD_WORDS) + HASH]!);
    while (this.#cell.word(link) !== record + 1) link = (this.#cell.word(link) - 1) * RECORD_WORDS + NEXT;
    this.#cell.set(link, this.#cell.word(record * RECORD_WORDS + NEXT));
    midway?.();
    const at = this.#cell.writable(record * RECORD_WORDS);
    words[at + STATE] = 0;
    words[at + NEXT] = this.#cell.field(FREE_HEAD);
    this.#mark(record, false);
    this.#cell.setField(FREE_HEAD, record + 1);
    this.#cell.setField(COUNT, this.count() - 1);
  }

  isLive(record: number): boolean {
    return this.#cell.word(record * RECORD_WORDS + STATE) > 0;
  }

  nextLive(from: number, end = this.end): number {
    const bitsAt = (n: number): number => this.#cell.word(this.#bitBase + n);
    return nextInUse(from, Math.min(end, this.end), bitsAt, (record) => this.isLive(record));
  }

  shardAt(record: number): number {
    return this.isLive(record) ? 0 : -1;
  }

  keyOf(record: number, _shard = 0): string | undefined {
    const at = this.#cell.at(record * RECORD_WORDS);
    const { words } = this.#cell;
    const byteLength = words[at + STATE]!;
    if (byteLength <= 0) return undefined;
    const length = (byteLength + 3) >>> 2;
    for (let word = 0; word < length && word < INLINE_KEY_WORDS; word++) this.#keyWords[word] = words[at + KEY + word]!;
    for (let word = INLINE_KEY_WORDS; word < length; word++) {
      this.#keyWords[word] = this.#cell.word(this.#longKeyWord(record, word));
    }
    return this.#keyBytes.toString('utf8', 0, byteLength);
  }

  /** @returns what is wrong with this version: nothing, unless this class has a defect */
  verify(): string[] {
    const wrong: string[] = [];
    const seen = new Set<number>();
    const follow = (from: number, kind: string, belongs: (record: number) => boolean): void => {
      for (let link = from; link !== 0; link = this.#cell.word((link - 1) * RECORD_WORDS + NEXT)) {
        if (seen.has(link - 1)) return void wrong.push(`record ${link - 1} is linked twice, again in ${kind}`);
        seen.add(link - 1);
        if (!belongs(link - 1)) wrong.push(`record ${link - 1} does not belong in ${kind}`);
      }
    };
    for (let bucket = 0; bucket <= this.#bucketMask; bucket++) {
      follow(this.#cell.word(this.#bucketBase + bucket), `bucket ${bucket}`, (record) => this.#isIn(record, bucket));
    }
    for (const record of seen)
      if (!this.#isMarked(record)) wrong.push(`record ${record} is in use, but its bit is not set`);
    if (seen.size !== this.count()) wrong.push(`${seen.size} records are in buckets, ${this.count()} are counted`);
    follow(this.#cell.field(FREE_HEAD), 'the free list', (record) => !this.isLive(record));
    if (seen.size !== this.end) wrong.push(`${seen.size} records are in buckets or free, ${this.end} were ever used`);
    return wrong;
  }

  #mark(record: number, isUsed: boolean): void {
    const at = this.#bitBase + (record >>> 5);
    const bit = 1 << (record & 31);
    const bits = this.#cell.word(at);
    this.#cell.set(at, isUsed ? bits | bit : bits & ~bit);
  }

  #isIn(record: number, bucket: number): boolean {
    const key = this.keyOf(record);
    return key !== undefined && (this.#keys.load(key).hash & this.#bucketMask) === bucket;
  }

  #isMarked(record: number): boolean {
    return (this.#cell.word(this.#bitBase + (record >>> 5)) & (1 << (record & 31))) !== 0;
  }

  #bucketOf(hash: number): number {
    return this.#bucketBase + (hash & this.#bucketMask);
  }

  #longKeyWord(record: number, word: number): number {
    return this.#longKeyBase + record * LONG_KEY_WORDS + word - INLINE_KEY_WORDS;
  }

  /** A free record, freed ones first; −1 when there is none. */
  #take(): number {
    const head = this.#cell.field(FREE_HEAD);
    if (head !== 0) {
      this.#cell.setField(FREE_HEAD, this.#cell.word((head - 1) * RECORD_WORDS + NEXT));
      return head - 1;
    }
    const fresh = this.end;
    if (fresh >= this.#capacity) return -1;
    this.#cell.setField(FRESH, fresh + 1);
    return fresh;
  }

  #hasKey(record: number, at: number): boolean {
    const keys = this.#keys.words;
    const length = this.#keys.wordLength;
    for (let word = 0; word < length && word < INLINE_KEY_WORDS; word++) {
      if (this.#cell.words[at + KEY + word] !== keys[word]) return false;
    }
    for (let word = INLINE_KEY_WORDS; word < length; word++) {
      if (this.#cell.word(this.#longKeyWord(record, word)) !== keys[word]) return false;
    }
    return true;
  }

  #writeKey(record: number): void {
    const keys = this.#keys.words;
    const length = this.#keys.wordLength;
    const at = this.#cell.writable(record * RECORD_WORDS);
    for (let word = 0; word < length && word < INLINE_KEY_WORDS; word++)
      this.#cell.words[at + KEY + word] = keys[word]!;
    for (let word = INLINE_KEY_WORDS; word < length; word++) {
      this.#cell.set(this.#longKeyWord(record, word), keys[word]!);
    }
  }
}
