/**
 * A bounded number of permits, shared by the threads that send into one mailbox. A sender takes one per message; the
 * receiver gives it back when it takes the message out.
 *
 * ```
 * line 0                  bits of the positions that wait for a permit (two words) · word 4: the last account
 * line 1 + position       word 0: permits that this position has taken · word 1: its account · word 2: messages skipped
 * ring of each position   ids of messages that nobody waits for any more
 * ```
 *
 * How many are free is not stored but counted, as the capacity less all that is taken. So taking is the change of one
 * word.
 *
 * Guarantee: each permit comes back exactly once. It belongs to an account: one for each connection of a sender with
 * a receiver, opened and closed by the receiver alone. A sender that died leaves its account, with all that it sent,
 * until the receiver has taken that out; only then is the account closed, with what was taken for messages that were
 * never posted, and the one of its successor opened. A new receiver begins without accounts, as it does without messages.
 *
 * Ordering: taking runs inside a mutex, so two threads never both take the last one, nor one from an account that a new
 * receiver closes meanwhile. Giving back only lowers a word. A thread that found none sets its bit and counts again;
 * the receiver gives back first and reads the bits after.
 */
import { ringWaiting, setWaiting } from './lock-line.ts';
import type { SyncMutex } from './sync-mutex.ts';
import { MAX_THREADS, type ThreadTable } from './thread-table.ts';

const LINE_WORDS = 16;
/** Of the last so many that were withdrawn the receiver knows; those before are handled like any other. A power of two. */
const RING_WORDS = 64;
const RINGS = (1 + MAX_THREADS) * LINE_WORDS;

/** Word of line 0, after the bits that `setWaiting` uses. */
const LAST_ACCOUNT = 4;
// Words of a position.
const TAKEN = 0;
const ACCOUNT = 1;
const SKIPPED = 2;

export class Permits {
  static readonly bytes = (RINGS + MAX_THREADS * RING_WORDS) * 4;
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
    return this.#sum(TAKEN);
  }

  /** Messages that the receiver skipped since their asker had given up, modulo 2^32. */
  get skipped(): number {
    return this.#sum(SKIPPED) >>> 0;
  }

  /** Begins with nothing taken and no account: by a receiver that takes a dead one's place. */
  reset(): void {
    this.#mutex.run(() => {
      for (let position = 0; position < MAX_THREADS; position++) {
        Atomics.store(this.#words, lineOf(position) + ACCOUNT, 0);
        Atomics.store(this.#words, lineOf(position) + TAKEN, 0);
      }
    });
  }

  /** Opens an account for a position that has none. By the receiver. @returns what to take permits with */
  open(position: number): number {
    const account = Atomics.add(this.#words, LAST_ACCOUNT, 1) + 1;
    const ring = ringOf(position);
    for (let word = ring; word < ring + RING_WORDS; word++) Atomics.store(this.#words, word, 0);
    Atomics.store(this.#words, lineOf(position) + TAKEN, 0);
    Atomics.store(this.#words, lineOf(position) + ACCOUNT, account);
    this.#ringWaiting(position); // of a position that was never closed something may have come back
    return account;
  }

  /** Closes an account whose sender is gone and whose messages are taken out. What else it had taken comes back. */
  close(position: number, account: number): void {
    if (!this.#isOpen(position, account)) return;
    Atomics.store(this.#words, lineOf(position) + ACCOUNT, 0);
    Atomics.store(this.#words, lineOf(position) + TAKEN, 0);
    this.#ringWaiting(position);
  }

  /** Takes up to `wanted` permits. @returns how many it got: none once the account is closed */
  take(position: number, account: number, wanted: number): number {
    return this.#mutex.run(() => {
      if (!this.#isOpen(position, account)) return 0;
      const got = Math.min(wanted, this.capacity - this.taken);
      if (got > 0) Atomics.add(this.#words, lineOf(position) + TAKEN, got);
      return Math.max(got, 0);
    });
  }

  /** Gives back permits that were taken from an account, and rings the threads that wait for some. */
  give(position: number, account: number, count: number): void {
    if (!this.#isOpen(position, account)) return;
    const word = lineOf(position) + TAKEN;
    for (;;) {
      const taken = Atomics.load(this.#words, word);
      // Never below none: whoever posts without a permit has none to give back.
      if (Atomics.compareExchange(this.#words, word, taken, Math.max(0, taken - count)) === taken) break;
    }
    this.#ringWaiting(position);
  }

  /** Says that a position waits for permits, or no longer does. */
  setWaiting(position: number, waiting: boolean): void {
    setWaiting(this.#words, 0, position, waiting);
  }

  /** Says that nobody waits for the reply to a message of this position any more. */
  withdraw(position: number, id: number): void {
    Atomics.store(this.#words, ringOf(position) + (id & (RING_WORDS - 1)), id);
  }

  /** Whether that was said, not too long ago. */
  isWithdrawn(position: number, id: number): boolean {
    return Atomics.load(this.#words, ringOf(position) + (id & (RING_WORDS - 1))) === id;
  }

  /** Counts a message that was skipped. */
  countSkipped(position: number): void {
    Atomics.add(this.#words, lineOf(position) + SKIPPED, 1);
  }

  #isOpen(position: number, account: number): boolean {
    return Atomics.load(this.#words, lineOf(position) + ACCOUNT) === account;
  }

  #sum(word: number): number {
    let sum = 0;
    for (let position = 0; position < MAX_THREADS; position++) {
      sum += Atomics.load(this.#words, lineOf(position) + word);
    }
    return sum;
  }

  /** Every thread that waits is rung: each takes what it can, and who gets nothing waits on. */
  #ringWaiting(from: number): void {
    ringWaiting(this.#words, 0, from, this.#threads);
  }
}

function lineOf(position: number): number {
  return (1 + position) * LINE_WORDS;
}

function ringOf(position: number): number {
  return RINGS + position * RING_WORDS;
}
