/**
 * Copy-on-write memory between threads: readers use an immutable version, one writer at a time publishes the next.
 *
 * Guarantee: a read sees one whole version and never waits for anybody. A turn is published as a whole or not at all;
 * of a writer that throws or dies half-way nobody sees anything, and the next one starts from what is published, so
 * there is nothing to repair. A writer never waits for a reader. Memory is fixed, however slow a reader is: while one
 * stays at a version, about a thousand later ones can be published, or as many as change 8 MiB of pages together. Then
 * turns are refused at once (`VersionsHeldError`, nothing changed) until it goes on.
 * Cost: a read pays two stores and two translations of an address; a turn copies each page it changes (1 KiB) and its
 * directory (1 KiB).
 *
 * Ordering: a version is plain memory that is written before `Atomics.store` of its number to CURRENT, and read after
 * `Atomics.load` of that number. The memory of a version is written again only when no reader can look at it:
 * - A page that version `r` no longer has goes to the ring of retired pages together with `r`, and is taken from there
 *   when `r` is not newer than the safe version. No reader is behind the safe one, now or later (see `SnapshotPins`),
 *   and the versions from `r` on do not have the page.
 * - The root of version `v` becomes the root of `v + roots` when the safe version is newer than `v`.
 * - The ring's own entries are read by writers only, under the mutex.
 * A turn writes to pages and to a root that are free in the published version, and to ring slots beyond its TAIL. That
 * is why it can be dropped at any point. What is safe is part of a root, so it is never far behind the current version
 * and comparing versions as signed differences stays right when they go round.
 *
 * @see Fraser, "Practical lock-freedom" (epochs: announce, then load); Chu, "MDB" (one writer, copy-on-write pages)
 */
import { MisuseError } from '../errors.ts';
import {
  CURRENT,
  DIRECTORY_SHIFT,
  FIELDS,
  IN_PAGE,
  PAGE_SHIFT,
  type SnapshotLayout,
  snapshotLayout,
  type SnapshotSize,
  TOP,
} from './snapshot-layout.ts';
import type { MutexStats } from './mutex-stats.ts';
import { type ObservedSnapshots, snapshotsMade } from './observed.ts';
import { SnapshotPins } from './snapshot-pins.ts';
import { SnapshotTurn } from './snapshot-turn.ts';
import { SyncMutex } from './sync-mutex.ts';
import { isAsyncFunction, isThenable, type Synchronous } from './synchronous.ts';
import type { Slot, ThreadTable } from './thread-table.ts';
import type { WaitOptions } from './wait.ts';

/** `#root` of a thread that neither reads nor writes. */
const OUTSIDE = 0;

export interface SnapshotCellOptions extends SnapshotSize {
  /** Zeros at first; of the size that `SnapshotCell.bytes` tells. */
  readonly data: SharedArrayBuffer;
  /** The writers' turn. */
  readonly lock: { readonly locks: Int32Array; readonly line: number };
  /** Appears in errors. */
  readonly name: string;
  /** The calling thread, which makes one `SnapshotCell` for this memory. */
  readonly slot: Slot;
  readonly threads: ThreadTable;
  /** Longest wait in milliseconds for the turn; a call may allow less. */
  readonly timeoutMs: number;
}

export class SnapshotCell {
  /** All memory. `at` and `writable` give indexes in it; half of an even one is the index in `doubles`. */
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly #layout: SnapshotLayout;
  readonly #pages: number;
  readonly #name: string;
  readonly #pins: SnapshotPins;
  readonly #turn: SnapshotTurn;
  readonly #mutex: SyncMutex;
  /** Index of the root that this thread looks at. */
  #root = OUTSIDE;

  static bytes(size: SnapshotSize): number {
    return snapshotLayout(size).bytes;
  }

  constructor(options: SnapshotCellOptions) {
    const { data, lock, name, slot, threads, timeoutMs } = options;
    this.words = new Int32Array(data);
    this.doubles = new Float64Array(data, 0, data.byteLength >>> 3);
    this.#layout = snapshotLayout(options);
    this.#pages = this.#layout.pages;
    this.#name = name;
    this.#pins = new SnapshotPins(this.words, slot, threads);
    this.#turn = new SnapshotTurn(this.words, this.#layout, this.#pins, name);
    this.#mutex = new SyncMutex(lock.locks, lock.line, { name, slot, timeoutMs }); // nothing is ever half-done
    snapshotsMade.publish({ name, version: () => this.version } satisfies ObservedSnapshots);
  }

  /** The current version: one atomic load. It changes with every turn that changed something. */
  get version(): number {
    return Atomics.load(this.words, CURRENT);
  }

  /** What this thread saw of the writers' turns. */
  get stats(): MutexStats {
    return this.#mutex.stats;
  }

  /**
   * Runs `look` on the current version, which stays as it is until `look` returns. Inside another read of this thread
   * it is the version of the outer one; inside a turn, what the turn has made so far.
   *
   * @throws {MisuseError} `look` is asynchronous: the version would not outlast its first `await`
   */
  read<T>(look: () => T, ..._rest: Synchronous<T, []>): T {
    if (isAsyncFunction(look)) throw this.#asynchronous();
    if (this.#root !== OUTSIDE) return this.#checked(look());
    const version = this.#pins.pin();
    this.#root = this.#layout.roots + ((version >>> 1) & this.#layout.rootMask) * this.#layout.rootWords;
    try {
      return this.#checked(look());
    } finally {
      this.#root = OUTSIDE;
      this.#pins.unpin();
    }
  }

  /**
   * A read that is repeated only when the version has changed: while it has not, it costs one atomic load and returns
   * the same object. Inside a read or a turn of this thread it looks anew.
   * A thread that asks again after exactly a multiple of 2^31 versions would be told that nothing changed.
   */
  remembering<T>(look: () => T, ...rest: Synchronous<T, []>): () => T {
    let version: number | undefined;
    let result: T;
    return () => {
      if (this.#root !== OUTSIDE) return this.read(look, ...rest);
      const current = this.version; // before the read: a result newer than its version is looked up once too often
      if (current !== version) {
        result = this.read(look, ...rest);
        version = current;
      }
      return result;
    };
  }

  /**
   * Runs `change` as the only writer, and publishes what it made; nothing, when it throws or its thread dies.
   *
   * @throws {LockTimeoutError} other writers took too long; nothing changed
   * @throws {VersionsHeldError} readers hold too many earlier versions; nothing changed
   * @throws {MisuseError} this thread is inside a read or a turn, `change` is asynchronous, or it changes too much
   */
  write<T>(change: () => T, ...rest: Synchronous<T, [options?: WaitOptions]>): T {
    if (isAsyncFunction(change)) throw this.#asynchronous();
    if (this.#root !== OUTSIDE && !this.#turn.isOpen) {
      throw new MisuseError(`"${this.#name}": a write inside a read would leave the read at two versions`);
    }
    const turn = (): T => {
      try {
        this.#root = this.#turn.open();
        const result = this.#checked(change());
        this.#turn.publish();
        return result;
      } finally {
        this.#root = OUTSIDE;
        this.#turn.close();
      }
    };
    return this.#mutex.run(turn, ...(rest as Synchronous<T, [options?: WaitOptions]>));
  }

  /**
   * In a turn, whether every reader looks at `version` or a later one, now and from here on. Memory outside the cell that
   * only versions before it refer to may be used again then: see `SnapshotPins`. The readers are looked at once in a turn.
   */
  isUnread(version: number): boolean {
    return this.#turn.isUnread(version);
  }

  /** In a turn, the version that it makes. */
  get nextVersion(): number {
    return this.#turn.next;
  }

  /** Index in `words` of a logical word, to read it. Holds until the turn makes its page writable. */
  at(word: number): number {
    const { words } = this;
    if (this.#root === OUTSIDE) throw this.#outside();
    const directory = words[this.#root + TOP + (word >>> DIRECTORY_SHIFT)]!;
    const page = words[this.#pages + (directory << PAGE_SHIFT) + ((word >>> PAGE_SHIFT) & IN_PAGE)]!;
    return this.#pages + (page << PAGE_SHIFT) + (word & IN_PAGE);
  }

  /** Index in `words` of a logical word, to change it in this turn. */
  writable(word: number): number {
    this.#root = this.#turn.root();
    return this.#turn.writable(word);
  }

  word(word: number): number {
    return this.words[this.at(word)]!;
  }

  set(word: number, value: number): void {
    const at = this.writable(word);
    this.words[at] = value;
  }

  /** The float64 in two words, of which the first is even. */
  double(word: number): number {
    return this.doubles[this.at(word) >>> 1]!;
  }

  setDouble(word: number, value: number): void {
    const at = this.writable(word) >>> 1;
    this.doubles[at] = value;
  }

  /** One of eight numbers that are in the root itself, for what almost every turn changes. */
  field(field: number): number {
    if (this.#root === OUTSIDE) throw this.#outside();
    return this.doubles[((this.#root + FIELDS) >>> 1) + field]!;
  }

  setField(field: number, value: number): void {
    this.#root = this.#turn.root();
    this.doubles[((this.#root + FIELDS) >>> 1) + field] = value;
  }

  #checked<T>(result: T): T {
    if (isThenable(result)) throw this.#asynchronous();
    return result;
  }

  #asynchronous(): MisuseError {
    return new MisuseError(`"${this.#name}": a version lasts until a function returns, so it cannot be asynchronous`);
  }

  #outside(): MisuseError {
    return new MisuseError(`"${this.#name}" is looked at inside a read or a write only`);
  }
}
