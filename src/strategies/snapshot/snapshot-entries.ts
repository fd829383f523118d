/**
 * Entries, of a cache or a connection map, whose index is in the pages of a `SnapshotCell`: each record refers to a
 * block of an `Arena`, which lies outside the pages, is written once, and never changes while a version refers to it, but
 * for numbers that belong to no version: when a connection was last seen.
 *
 * Guarantee: a reader inside `snapshots.read` may copy every block that its version refers to. A block that a turn takes
 * out is freed by a later one, once all readers look at a version without it; no writer waits for them. While a reader
 * stays, what leaves keeps its room: a write that finds none is refused, and evicts no more than one turn's worth.
 * Cost: what has left takes room until the next turn. Which entry was used when is no part of a version: readers store
 * it beside.
 *
 * What a turn takes out it retires (`RetiredBlocks`), as part of the version that it makes. The block that it adds it
 * notes, with the version that it starts from. Whoever has the next turn settles that: if another version is current by
 * then, the turn was published, and the block is in a record; if not, it threw or its thread died, and the block is
 * freed. To settle twice, or half, changes nothing more.
 *
 * Ordering: a block and the notes are plain memory, written in a turn. A block is filled before its version is
 * published, and read after that version was loaded. `Atomics.store` opens and closes the notes, after all that belongs
 * to them.
 */
import { Arena } from '../../sync/arena.ts';
import type { SnapshotCell } from '../../sync/snapshot-cell.ts';
import type { SnapshotTable } from '../../sync/snapshot-table.ts';
import type { WaitOptions } from '../../sync/wait.ts';
import type { Entry } from '../cache-entry.ts';
import type { CacheEntries } from '../cache-table.ts';
import { EntryBytes } from '../entry-bytes.ts';
import { RetiredBlocks } from './retired-blocks.ts';

// Words of the notes.
const OPEN = 0;
const STARTED_FROM = 1;
const ADDED = 2;
const RETIRED_HEAD = 3;
/** A turn costs more than an entry does, so this many leave in one. */
const LEAVE_TOGETHER = 8;

export interface SnapshotEntriesOptions {
  readonly snapshots: SnapshotCell;
  readonly records: SnapshotTable;
  readonly arena: Arena;
  /** Index in the memory of a cache line. */
  readonly notes: number;
  /** Index in the memory of `SnapshotEntries.retiredBytes`. */
  readonly retired: number;
  /** Appears in errors. */
  readonly name: string;
  /** A word for each record: when it was used. Only for who asks. */
  readonly usedAt?: Int32Array<SharedArrayBuffer>;
  /** Runs in the middle of every change; see `Lab`. */
  readonly midway: () => void;
}

export class SnapshotEntries implements CacheEntries {
  static readonly retiredBytes = RetiredBlocks.bytes;
  readonly leaveTogether = LEAVE_TOGETHER;
  readonly #snapshots: SnapshotCell;
  readonly #records: SnapshotTable;
  readonly #arena: Arena;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: EntryBytes;
  readonly #notes: number;
  readonly #retired: RetiredBlocks;
  readonly #options: SnapshotEntriesOptions;

  constructor(options: SnapshotEntriesOptions) {
    const { snapshots, records, arena, notes, retired, name } = options;
    this.#options = options;
    this.#snapshots = snapshots;
    this.#records = records;
    this.#arena = arena;
    this.#words = snapshots.words;
    this.#doubles = snapshots.doubles;
    this.#bytes = new EntryBytes(arena);
    this.#notes = notes;
    this.#retired = new RetiredBlocks({ snapshots, arena, name, head: notes + RETIRED_HEAD, ring: retired });
  }

  /** Whether room of what has left is still to come. */
  get isFreeing(): boolean {
    return this.#snapshots.read(() => this.#retired.waiting > 0);
  }

  get capacityBytes(): number {
    return this.#arena.capacity;
  }

  get usedBytes(): number {
    return this.#arena.used;
  }

  get count(): number {
    return this.#snapshots.read(() => this.#records.count());
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
    return this.#snapshots.read(look);
  }

  shardOf(key: string): number {
    return this.#records.shardOf(key);
  }

  shardAt(record: number): number {
    return this.#records.isLive(record) ? 0 : -1;
  }

  find(key: string): number {
    return this.#records.find(key);
  }

  keyOf(record: number, _shard: number): string | undefined {
    return this.#records.keyOf(record);
  }

  nextSequence(_shard: number): number {
    return this.#records.nextSequence();
  }

  number(record: number, field: number): number {
    return this.#doubles[(this.#block(record) >>> 1) + field]!;
  }

  copy(record: number): Entry {
    return this.#bytes.copy(this.#block(record));
  }

  /** What an entry has from a byte on, as UTF-8: for who needs no copy. */
  text(record: number, from: number): string {
    return this.#bytes.text(this.#block(record), from);
  }

  usedAtMs(record: number): number {
    return Atomics.load(this.#options.usedAt!, record);
  }

  touch(record: number, usedAtMs: number): void {
    Atomics.store(this.#options.usedAt!, record, usedAtMs);
  }

  /** Changes a number of an entry in place: one that belongs to no version, and is seen whether or not the turn is published. */
  setNumber(record: number, field: number, value: number): void {
    this.#doubles[(this.#block(record) >>> 1) + field] = value;
  }

  /** The same, if it is `from` until then; also outside a turn, inside a read. @returns whether it was */
  exchangeNumber(record: number, field: number, from: number, to: number): boolean {
    return this.#bytes.exchange(this.#block(record), field, from, to);
  }

  /** Once in a turn. */
  write(key: string, entry: Entry, usedAtMs?: number): boolean {
    this.#open();
    const block = this.#allocate(entry.byteLength);
    if (block === 0) return false;
    this.#arena.bytes(block).set(entry);
    this.#options.midway();
    const found = this.#records.find(key);
    if (found !== -1) this.#retired.add(this.#block(found));
    const record = found === -1 ? this.#records.insert(key, () => {}) : found;
    if (record === -1) {
      this.#arena.release(this.#notes + ADDED);
      return false;
    }
    this.#snapshots.set(this.#records.payloadOf(record), block);
    if (usedAtMs !== undefined) this.touch(record, usedAtMs);
    return true;
  }

  /** @throws {VersionsHeldError} readers hold back too much of what has left */
  remove(record: number): void {
    this.#open();
    this.#retired.add(this.#block(record));
    this.#records.remove(record, this.#options.midway);
  }

  /**
   * Runs `section` as the only writer, once what nobody can look at any more is freed.
   *
   * @throws {LockTimeoutError} other writers took too long; nothing changed
   * @throws {VersionsHeldError} readers hold too many earlier versions; nothing changed
   */
  inTurn<T>(section: () => T, call?: WaitOptions): T {
    const turn = (): { result: T } => {
      this.#settle();
      this.#retired.free();
      return { result: section() };
    };
    return this.#snapshots.write(turn, call).result;
  }

  verify(): string[] {
    this.inTurn(() => this.#retired.free(Infinity));
    return this.#snapshots.read(() => {
      const wrong = [...this.#records.verify(), ...this.#arena.verify()];
      let used = 0;
      for (let record = 0; record < this.end; record++) {
        if (this.shardAt(record) === -1) continue;
        used += Arena.footprint(this.#arena.byteLengthOf(this.#block(record)));
      }
      if (used > this.usedBytes) wrong.push(`entries take ${used} bytes, ${this.usedBytes} are counted`);
      if (this.count !== this.#arena.count) wrong.push(`${this.count} entries, but ${this.#arena.count} blocks`);
      return wrong;
    });
  }

  #settle(): void {
    if (this.#words[this.#notes + OPEN] === 0) return;
    const wasPublished = this.#words[this.#notes + STARTED_FROM] !== this.#snapshots.version;
    if (wasPublished) this.#words[this.#notes + ADDED] = 0; // it is in a record
    else this.#arena.release(this.#notes + ADDED);
    Atomics.store(this.#words, this.#notes + OPEN, 0);
  }

  #open(): void {
    if (this.#words[this.#notes + OPEN] !== 0) return;
    this.#words[this.#notes + STARTED_FROM] = this.#snapshots.version;
    Atomics.store(this.#words, this.#notes + OPEN, 1);
  }

  #block(record: number): number {
    return this.#snapshots.word(this.#records.payloadOf(record));
  }

  #allocate(byteLength: number): number {
    const block = this.#arena.allocate(byteLength, this.#notes + ADDED);
    if (block !== 0 || !this.#retired.free(Infinity)) return block;
    return this.#arena.allocate(byteLength, this.#notes + ADDED);
  }
}
