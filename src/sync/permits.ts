/**
 * A bounded number of permits, shared by the threads that send into one mailbox. A sender takes one per message; the
 * receiver gives it back when it takes the message out.
 *
 * ```
 * line 0                  bits of the positions that wait for a permit (two words)
 * line 1 + position       word 0: permits that this position has taken
 * ```
 *
 * How many are free is not stored but counted, as the capacity less all that is taken. So taking is the change of one
 * word, and a thread that dies at any point leaves a count that is exact or is set right when its place is cleared.
 *
 * Ordering: taking runs inside a mutex, so two threads never both take the last one. Giving back only lowers a word.
 * A thread that found none sets its bit and counts again; the receiver gives back first and reads the bits after.
 */
import { ringWaiting, setWaiting } from './lock-line.ts';
import type { SyncMutex } from './sync-mutex.ts';
import { MAX_THREADS, type ThreadTable } from './thread-table.ts';

const LINE_WORDS = 16;
const LINE_BYTES = LINE_WORDS * 4;

export class Permits {
  static readonly bytes = (1 + MAX_THREADS) * LINE_BYTES;
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #mutex: SyncMutex;
  readonly #threads: ThreadTable;

  /** @param mutex guards taking; it is held for a few loads and one store */
  constructor(memory: SharedArrayBuffer, byteOffset: number, capacity: number, mutex: SyncMutex, threads: ThreadTable) {
    this.#words = new Int32Array(memory, byteOffset, Permits.bytes / 4);
    this.capacity = capacity;
    this.#mutex = mutex;
    this.#threads = threads;
  }

  /** Permits that are taken, by all positions together. */
  get taken(): number {
    let taken = 0;
    for (let position = 0; position < MAX_THREADS; position++) taken += Atomics.load(this.#words, wordOf(position));
    return taken;
  }

  /** Takes up to `wanted` permits for a position. @returns how many it got */
  take(position: number, wanted: number): number {
    return this.#mutex.run(() => {
      const got = Math.min(wanted, this.capacity - this.taken);
      if (got > 0) Atomics.add(this.#words, wordOf(position), got);
      return Math.max(got, 0);
    });
  }

  /** Gives back permits that a position took, and rings the threads that wait for some. */
  give(position: number, count: number): void {
    const word = wordOf(position);
    for (;;) {
      const taken = Atomics.load(this.#words, word);
      // Never below none: a position that was cleared meanwhile has nothing left to give back.
      if (Atomics.compareExchange(this.#words, word, taken, Math.max(0, taken - count)) === taken) break;
    }
    this.#ringWaiting(position);
  }

  /** Gives back all that a position took: its messages are gone, or it is. */
  clear(position: number): void {
    Atomics.store(this.#words, wordOf(position), 0);
    this.#ringWaiting(position);
  }

  /** Says that a position waits for permits, or no longer does. */
  setWaiting(position: number, waiting: boolean): void {
    setWaiting(this.#words, 0, position, waiting);
  }

  /** Every thread that waits is rung: each takes what it can, and who gets nothing waits on. */
  #ringWaiting(from: number): void {
    ringWaiting(this.#words, 0, from, this.#threads);
  }
}

function wordOf(position: number): number {
  return (1 + position) * LINE_WORDS;
}
