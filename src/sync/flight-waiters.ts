/** Threads that wait for a flight: a bit for each position, in the words after the flight's state. */
import { nextWaiting, ringWaiting, setWaiting, WAITING } from './lock-line.ts';
import type { ThreadTable } from './thread-table.ts';

export class FlightWaiters {
  readonly #words: Int32Array;
  readonly #position: number;
  readonly #threads: ThreadTable;

  constructor(words: Int32Array, position: number, threads: ThreadTable) {
    this.#words = words;
    this.#position = position;
    this.#threads = threads;
  }

  /** Says that this thread waits for the flight at `at`, or no longer does. */
  set(at: number, waiting: boolean): void {
    setWaiting(this.#words, at, this.#position, waiting);
  }

  /** Forgets whoever waited for an earlier flight of this record and died. */
  clear(at: number): void {
    this.#words[at + WAITING] = 0;
    this.#words[at + WAITING + 1] = 0;
  }

  /** Whether a living thread waits. */
  any(at: number): boolean {
    return nextWaiting(this.#words, at, this.#position, this.#threads) !== -1;
  }

  ring(at: number): void {
    ringWaiting(this.#words, at, this.#position, this.#threads);
  }
}
