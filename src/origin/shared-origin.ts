/**
 * What the threads of a service process know together of their origin:
 *
 * ```
 * word 0               1 once another service process has taken the origin's namespace over; it stays so
 * word 1 + position    since which second the thread at a position has had something to store again; 0: it has nothing
 * ```
 *
 * Ordering: each word is told by itself; a reader that comes a little late remembers deletions a little longer or shorter,
 * for which their time to live leaves room.
 */
import { processNowMs } from '../sync/process-clock.ts';
import { MAX_THREADS } from '../sync/thread-table.ts';

export class SharedOrigin {
  static readonly bytes = 4 * (1 + MAX_THREADS);
  readonly #words: Int32Array;
  readonly #now: () => number;

  /** @param now milliseconds of a clock that all threads share and that never steps */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(SharedOrigin.bytes), now: () => number = processNowMs) {
    this.#words = new Int32Array(memory);
    this.#now = now;
  }

  /** Whether this process is fenced out: what it has in memory is nobody's truth any more. */
  get isFenced(): boolean {
    return Atomics.load(this.#words, 0) === 1;
  }

  fence(): void {
    Atomics.store(this.#words, 0, 1);
  }

  /** @param forMs for how long the thread at a position has had something to store again; undefined: it has nothing */
  setUnstored(position: number, forMs: number | undefined): void {
    const second = forMs === undefined ? 0 : Math.max(1, Math.floor((this.#now() - forMs) / 1000));
    Atomics.store(this.#words, 1 + position, second);
  }

  /** For how many milliseconds, at most, any thread has had something to store again. */
  get unstoredForMs(): number {
    let oldest = 0;
    for (let at = 1; at < this.#words.length; at++) {
      const second = Atomics.load(this.#words, at);
      if (second !== 0 && (oldest === 0 || second < oldest)) oldest = second;
    }
    return oldest === 0 ? 0 : this.#now() - oldest * 1000;
  }
}
