/**
 * The deadlines of many who wait, on one timer.
 *
 * Guarantee: nothing expires early by more than the millisecond that a timer may be early; of those that expire at the
 * same time at most `EXPIRED_PER_TURN` do so in one turn of the event loop, so that they do not make it stand still.
 * Cost: a heap, so the logarithm of how many wait; a timer for each costs more than the rest of a wait. The timer keeps
 * no thread alive, which is up to whoever is waited for.
 */

/** Each makes an error with its stack, and its caller an answer of that. */
export const EXPIRED_PER_TURN = 64;

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const OUTSIDE = -1;

/** Somebody who waits. */
export abstract class Expiring {
  /** As `performance.now()` counts; `Infinity` waits for as long as it takes. */
  abstract readonly untilMs: number;
  /** Its place in the heap; `Deadlines` sets it. */
  heapPlace = OUTSIDE;

  /** Its time is over, and it has been taken out. */
  abstract expire(): void;
}

export class Deadlines {
  /** Nobody expires before the one at half its place. */
  readonly #heap: Expiring[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Infinity;
  #goesOn = false;

  add(waiting: Expiring): void {
    if (waiting.untilMs === Infinity) return;
    this.#put(waiting, this.#heap.length);
    this.#rise(waiting);
    if (waiting.untilMs < this.#timerDueMs) this.#arm(waiting.untilMs);
  }

  /** Nothing happens to one that is not there. */
  remove(waiting: Expiring): void {
    const place = waiting.heapPlace;
    if (place === OUTSIDE) return;
    waiting.heapPlace = OUTSIDE;
    const last = this.#heap.pop()!;
    if (last !== waiting) {
      this.#put(last, place);
      this.#rise(last);
      this.#sink(last);
    }
    if (this.#heap.length > 0) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = Infinity;
  }

  /** For who found that somebody's time is over: does not wait for the timer, which keeps no thread alive. */
  expireSoon(): void {
    if (this.#goesOn) return;
    this.#goesOn = true;
    setImmediate(() => {
      this.#goesOn = false;
      this.#expire();
    });
  }

  #expire(): void {
    this.#timerDueMs = Infinity;
    const nowMs = performance.now();
    for (let ended = 0; ended < EXPIRED_PER_TURN; ended++) {
      const first = this.#heap[0];
      if (first === undefined) return;
      // A timer counts whole milliseconds of a clock of its own, and may be early by one.
      if (first.untilMs > nowMs + 1) return this.#arm(first.untilMs);
      this.remove(first);
      first.expire();
    }
    this.expireSoon();
  }

  #arm(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    const leftMs = Math.max(0, dueMs - performance.now());
    this.#timer = setTimeout(() => this.#expire(), Math.min(leftMs, LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  #put(waiting: Expiring, place: number): void {
    this.#heap[place] = waiting;
    waiting.heapPlace = place;
  }

  #rise(waiting: Expiring): void {
    for (let place = waiting.heapPlace; place > 0;) {
      const above = (place - 1) >>> 1;
      const other = this.#heap[above]!;
      if (other.untilMs <= waiting.untilMs) return;
      this.#put(other, place);
      this.#put(waiting, above);
      place = above;
    }
  }

  #sink(waiting: Expiring): void {
    for (let place = waiting.heapPlace; ;) {
      let below = 2 * place + 1;
      if (below >= this.#heap.length) return;
      const right = this.#heap[below + 1];
      if (right !== undefined && right.untilMs < this.#heap[below]!.untilMs) below += 1;
      const other = this.#heap[below]!;
      if (other.untilMs >= waiting.untilMs) return;
      this.#put(other, place);
      this.#put(waiting, below);
      place = below;
    }
  }
}
