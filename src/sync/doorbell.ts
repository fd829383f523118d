/**
 * One wake word per thread, and at most one `Atomics.waitAsync` on it: everything that waits asynchronously on this
 * thread hangs on its doorbell.
 *
 * Guarantee: a ring after `listen` looked at the word makes every listener look again. A ring is a hint; what it is
 * about is decided by the words that the listener looks at.
 * Cost: one pending `waitAsync` for the life of the thread; about 20 µs from ring to listener.
 *
 * Ordering: the wake word is read before the listeners look, and `waitAsync` sleeps only while it still has that
 * value, so a ring in between is never missed. Who rings changes the state first and the wake word after.
 */
import { MisuseError } from '../errors.ts';
import { type Slot, ThreadTable } from './thread-table.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Doorbell implements Disposable {
  readonly #threads: ThreadTable;
  readonly #word: number;
  readonly #listeners = new Set<() => void>();
  /** Byte offsets of the words that somebody of this thread waits for, by memory. */
  readonly #claimed = new Map<ArrayBufferLike, Set<number>>();
  /** `waitAsync` does not keep a thread alive; a timer that never fires does, while somebody waits. */
  readonly #keepAlive = setInterval(() => {}, LONGEST_TIMER_MS).unref();
  #waiting = 0;
  #closed = false;

  constructor(threads: ThreadTable, slot: Slot) {
    this.#threads = threads;
    this.#word = threads.wakeWord(ThreadTable.positionOf(slot));
    this.#listen();
  }

  /**
   * Calls `listener` after every ring, from the event loop. It looks for itself whether there is anything to do, and
   * handles its own errors: one that throws becomes a warning, and everybody else goes on being called.
   */
  onRing(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Makes one listener of this thread the only one that answers for a word: of two, each would take for a mistake what
   * the other was given, and pass it on.
   *
   * @throws {MisuseError} the word is another's already
   */
  claim(words: Int32Array, index: number): void {
    const claimed = this.#claimed.get(words.buffer) ?? new Set();
    this.#claimed.set(words.buffer, claimed);
    const byteOffset = words.byteOffset + index * 4;
    if (claimed.has(byteOffset)) throw new MisuseError('a thread may attach to an asynchronous lock only once');
    claimed.add(byteOffset);
  }

  /** One more waits: the thread stays alive until as many `waitEnded` calls have come. */
  waitBegan(): void {
    if (this.#waiting++ === 0) this.#keepAlive.ref();
  }

  waitEnded(): void {
    if (--this.#waiting === 0) this.#keepAlive.unref();
  }

  #listen(): void {
    if (this.#closed) return;
    const { words } = this.#threads;
    const seen = Atomics.load(words, this.#word);
    for (const listener of this.#listeners) attempt(listener);
    const sleep = Atomics.waitAsync(words, this.#word, seen);
    if (sleep.async) void sleep.value.then(() => this.#listen());
    else setImmediate(() => this.#listen()); // rung meanwhile: look again, but let the event loop turn
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#keepAlive);
  }
}

/** Nobody is above a listener: thrown further, its error would end the thread, and all that waits on it. */
function attempt(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
