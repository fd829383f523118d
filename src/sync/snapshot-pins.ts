/**
 * Which version each thread reads: one cache line per thread position, written by its thread and read by writers.
 *
 * ```
 * word 0   version | 1 while the thread reads, else 0
 * word 1   slot of the thread that attached here: a pin counts while that thread lives
 * ```
 *
 * Guarantee: pinning is wait-free: it takes the same few steps whatever writers do, short of 2^30 versions between two of
 * them. A thread that died while it was pinned holds nothing back once main has taken it out of the thread table.
 * Cost: two stores and two loads per read. A writer looks at 64 lines, once for some dozens of pages.
 *
 * Ordering: the reader stores its pin and *then* loads the version that it reads; the pin may say an older one, never
 * a newer one. A writer that looks for pins does so after it loaded the current version `c`. All of these are
 * sequentially consistent, so either the writer sees the pin, or the reader loads `c` or later. Hence, of a page that
 * `c` and later versions do not have: a reader that the writer did not see never looks at it, and a reader that the
 * writer saw holds it until its pin changes. That change happens after the reader's last look, and the writer sees it
 * before it writes the page.
 *
 * "Older" is a distance back from `c` modulo 2^32. A version that somebody reads is never far behind, since writers
 * run out of roots; but the pin of a thread that stalled before it stored it may have any distance. Such a thread has
 * yet to load its version, and takes another pin should that one be newer than the version. Until then `safeUpTo` may
 * take the pin for too old, which only keeps memory from being used again for that long.
 */
import { MisuseError } from '../errors.ts';
import { CURRENT, LINE_WORDS, PINS } from './snapshot-layout.ts';
import { MAX_THREADS, type Slot, ThreadTable } from './thread-table.ts';

const PINNED = 1;
const SLOT = 1;

export class SnapshotPins {
  readonly #words: Int32Array;
  readonly #threads: ThreadTable;
  readonly #mine: number;

  constructor(words: Int32Array, slot: Slot, threads: ThreadTable) {
    const position = ThreadTable.positionOf(slot);
    if (threads.livingAt(position) !== slot) {
      throw new MisuseError(`slot ${slot} is not in the thread table, so its pins would not count`);
    }
    this.#words = words;
    this.#threads = threads;
    this.#mine = PINS + position * LINE_WORDS;
    // In this order: the pin that an earlier thread left here must not come to count as this thread's.
    Atomics.store(words, this.#mine, 0);
    Atomics.store(words, this.#mine + SLOT, slot);
  }

  /** @returns the version to read, which stays whole until `unpin` */
  pin(): number {
    for (;;) {
      const announced = Atomics.load(this.#words, CURRENT);
      Atomics.store(this.#words, this.#mine, announced | PINNED);
      const version = Atomics.load(this.#words, CURRENT);
      if (((version - announced) | 0) >= 0) return version; // else 2^30 versions were published in between
    }
  }

  unpin(): void {
    Atomics.store(this.#words, this.#mine, 0);
  }

  /**
   * The newest version that no reader is behind. What was safe stays safe: whoever pins late reads a later version.
   *
   * @param safe what was known already
   */
  safeUpTo(current: number, safe: number): number {
    let farthest = 0;
    for (let line = PINS, position = 0; position < MAX_THREADS; position++, line += LINE_WORDS) {
      const pin = Atomics.load(this.#words, line);
      if (pin === 0) continue;
      const back = (current - (pin - PINNED)) >>> 0;
      if (back <= farthest || !this.#counts(position)) continue;
      farthest = back;
    }
    return (current - Math.min(farthest, (current - safe) >>> 0)) | 0;
  }

  #counts(position: number): boolean {
    const slot = Atomics.load(this.#words, PINS + position * LINE_WORDS + SLOT);
    return slot !== 0 && this.#threads.livingAt(position) === slot;
  }
}
