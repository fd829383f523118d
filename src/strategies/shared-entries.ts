/**
 * Entries, of a cache or a connection map, in place: for each a record in a `SharedTable`, which notes the block of an
 * `Arena` that has it.
 *
 * Guarantee: an entry takes its place in one step. Of a thread that dies half-way the next owner of the shard's lock
 * frees what is noted as spare: a block that no record refers to yet, or any more. A record may be left without a
 * block; it counts as none, and its key takes it again, or an eviction takes it out.
 * Cost: a copy in, a copy out. To write an entry takes two leaf locks, one after the other.
 *
 * Every method runs under the lock of the key's shard, or as the only one who may; `shardAt`, `number` and `usedAtMs`
 * also without it, for who only guesses which entry should leave.
 *
 * Ordering: that of `SharedTable` and `Arena`. A block is filled before `exchange` makes its record refer to it.
 */
import { Arena } from '../sync/arena.ts';
import { DirtyFlags } from '../sync/dirty-flags.ts';
import type { SharedTable } from '../sync/shared-table.ts';
import type { Entry } from './cache-entry.ts';
import type { CacheEntries } from './cache-table.ts';
import { EntryBytes } from './entry-bytes.ts';

// Words of a record's payload.
const BLOCK = 0;
const USED_AT = 1;

// Words of a shard's notes.
/** Refers to a block that is in no record. */
const SPARE = 0;
/** Set while an entry changes. */
const DIRTY = 1;
/** Words that `SharedEntries` takes of each shard's notes; the rest of the cache line is for whoever keeps more. */
export const NOTE_WORDS = 2;

export interface SharedEntriesOptions {
  readonly records: SharedTable;
  readonly arena: Arena;
  /** `NOTE_WORDS` for each shard: index of the first, and how far they are apart. */
  readonly notes: { readonly first: number; readonly apart: number };
  /** Runs in the middle of every change; see `Lab`. */
  readonly midway: () => void;
}

export class SharedEntries implements CacheEntries {
  readonly leaveTogether = 1;
  readonly #records: SharedTable;
  readonly #arena: Arena;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: EntryBytes;
  readonly #dirty: DirtyFlags;
  readonly #options: SharedEntriesOptions;

  constructor(options: SharedEntriesOptions) {
    const { records, arena, notes } = options;
    this.#options = options;
    this.#records = records;
    this.#arena = arena;
    this.#words = records.words;
    this.#doubles = records.doubles;
    this.#bytes = new EntryBytes(arena);
    this.#dirty = new DirtyFlags(this.#words, notes.first + DIRTY, notes.apart);
  }

  get capacityBytes(): number {
    return this.#arena.capacity;
  }

  get usedBytes(): number {
    return this.#arena.used;
  }

  get count(): number {
    return this.#arena.count;
  }

  get end(): number {
    return this.#records.end;
  }

  countOf(shard: number): number {
    return this.#records.count(shard);
  }

  nextLive(from: number, end?: number): number {
    return this.#records.nextLive(from, end);
  }

  looking(look: () => number): number {
    return look();
  }

  shardOf(key: string): number {
    return this.#records.shardOf(key);
  }

  shardAt(record: number): number {
    return this.#records.shardAt(record);
  }

  find(key: string): number {
    const record = this.#records.find(key);
    return record === -1 || this.#block(record) === 0 ? -1 : record;
  }

  /** The key of a record of `shard`, undefined for any other record. */
  keyOf(record: number, shard: number): string | undefined {
    return this.#records.keyOf(record, shard);
  }

  /** A number greater than every one that this shard gave before. */
  nextSequence(shard: number): number {
    return this.#records.nextSequence(shard);
  }

  /** 0 where a dead thread left a record without a block. */
  number(record: number, field: number): number {
    const block = this.#block(record);
    return block === 0 ? 0 : this.#doubles[(block >>> 1) + field]!;
  }

  copy(record: number): Entry {
    return this.#bytes.copy(this.#block(record));
  }

  /** What an entry has from a byte on, as UTF-8: for who needs no copy. */
  text(record: number, from: number): string {
    return this.#bytes.text(this.#block(record), from);
  }

  usedAtMs(record: number): number {
    return Atomics.load(this.#words, this.#records.payloadOf(record) + USED_AT);
  }

  touch(record: number, usedAtMs: number): void {
    Atomics.store(this.#words, this.#records.payloadOf(record) + USED_AT, usedAtMs);
  }

  /** Changes a number of an entry in place. */
  setNumber(record: number, field: number, value: number): void {
    this.#doubles[(this.#block(record) >>> 1) + field] = value;
  }

  /** The same, if it is `from` until then. @returns whether it was */
  exchangeNumber(record: number, field: number, from: number, to: number): boolean {
    return this.#bytes.exchange(this.#block(record), field, from, to);
  }

  /** Whether there is room for an entry, until somebody else writes one. */
  fits(key: string, byteLength: number): boolean {
    const shard = this.#records.shardOf(key);
    return this.#dirty.during(shard, () => {
      const spare = this.#spare(shard);
      this.#free(spare);
      if (this.#arena.allocate(byteLength, spare) === 0) return false;
      this.#arena.release(spare);
      return !this.#records.isFull || this.#records.find(key) !== -1;
    });
  }

  write(key: string, entry: Entry, usedAtMs?: number): boolean {
    const shard = this.#records.shardOf(key);
    return this.#dirty.during(shard, () => this.#write(this.#spare(shard), key, entry, usedAtMs));
  }

  remove(record: number): void {
    this.#dirty.during(this.#records.shardAt(record), () => {
      this.#arena.release(this.#records.payloadOf(record) + BLOCK);
      this.#records.remove(record, this.#options.midway);
    });
  }

  /** Completes or takes back what the shard's last owner left half-done, if anything. Runs under the shard's lock. */
  repair(shard: number): void {
    if (!this.#dirty.isSet(shard)) return;
    this.#records.repair(shard);
    this.#arena.release(this.#spare(shard)); // without a look at the note: see `Arena`
    this.#dirty.clear(shard);
  }

  verify(): string[] {
    const { end } = this;
    const wrong = [...this.#records.verify(), ...this.#arena.verify()];
    let used = 0;
    let count = 0;
    for (let record = 0; record < end; record++) {
      const block = this.#records.isLive(record) ? this.#block(record) : 0;
      if (block === 0) continue;
      used += Arena.footprint(this.#arena.byteLengthOf(block));
      count += 1;
    }
    if (used > this.usedBytes) wrong.push(`entries take ${used} bytes, ${this.usedBytes} are counted`);
    if (count !== this.count) wrong.push(`${count} records have a block, ${this.count} blocks are used`);
    return wrong;
  }

  #block(record: number): number {
    return this.#words[this.#records.payloadOf(record) + BLOCK]!;
  }

  /** The key's record, or a new one without a block; −1 when there is no room for it. */
  #recordFor(key: string): number {
    const record = this.#records.find(key);
    if (record !== -1) return record;
    return this.#records.insert(key, (payload) => void (this.#words[payload + BLOCK] = 0));
  }

  #write(spare: number, key: string, entry: Entry, usedAtMs: number | undefined): boolean {
    this.#free(spare); // left by a change that threw
    if (this.#arena.allocate(entry.byteLength, spare) === 0) return false;
    this.#arena.bytes(this.#words[spare]!).set(entry);
    this.#options.midway();
    const record = this.#recordFor(key);
    if (record === -1) {
      this.#free(spare);
      return false;
    }
    if (usedAtMs !== undefined) this.touch(record, usedAtMs);
    this.#arena.exchange(spare, this.#records.payloadOf(record) + BLOCK); // the entry is in its place
    this.#free(spare);
    return true;
  }

  #spare(shard: number): number {
    const { first, apart } = this.#options.notes;
    return first + SPARE + shard * apart;
  }

  /** Frees what a note of this thread's own shard refers to, if anything. */
  #free(note: number): void {
    if (this.#words[note] !== 0) this.#arena.release(note);
  }
}
