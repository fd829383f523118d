import type { WaitOptions } from './wait.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Somebody of this thread who waits for a `T`. */
export interface Waiter<T> {
  readonly options: WaitOptions | undefined;
  /** `performance.now()` when the wait began. */
  readonly sinceMs: number;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * First come, first served within one thread; a waiter that times out or is aborted is gone at once.
 *
 * Cost: a promise per wait. One timer serves all who wait, due when the first of them may give up: a timer for each
 * costs more than the rest of the wait. It keeps no thread alive, which is up to whoever is waited for.
 */
export class WaitQueue<T> {
  readonly #edges: { readonly onFirst?: () => void; readonly onEmpty?: () => void };
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Infinity;

  constructor(edges: { readonly onFirst?: () => void; readonly onEmpty?: () => void } = {}) {
    this.#edges = edges;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @param limitMs longest wait in milliseconds
   * @param onTimeout makes the error that the wait ends with after `limitMs`
   */
  wait(options: WaitOptions | undefined, limitMs: number, onTimeout: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const place = new Place<T>(this, options, limitMs, { resolve, reject, onTimeout });
      place.previous = this.#last;
      if (this.#last === undefined) this.#first = place;
      else this.#last.next = place;
      this.#last = place;
      this.#size += 1;
      if (place.untilMs < this.#timerDueMs) this.#arm(place.untilMs, limitMs);
      if (this.#size === 1) this.#edges.onFirst?.();
    });
  }

  /** Takes the one who has waited longest out of the queue. */
  shift(): Waiter<T> | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  rejectAll(error: unknown): void {
    for (let place = this.#first; place !== undefined; place = place.next) place.reject(error);
  }

  /** Takes a place out, unless it is out already. */
  remove(place: Place<T>): void {
    if (!place.isQueued) return;
    place.isQueued = false;
    // Its own `next` stays, so that who walks the queue meanwhile goes on.
    if (place.previous === undefined) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#last = place.previous;
    else place.next.previous = place.previous;
    this.#size -= 1;
    if (this.#size > 0) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = Infinity;
    this.#edges.onEmpty?.();
  }

  #arm(dueMs: number, leftMs: number): void {
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    if (dueMs === Infinity) return;
    this.#timer = setTimeout(() => this.#expire(), Math.min(leftMs, LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  #expire(): void {
    const nowMs = performance.now();
    let nextMs = Infinity;
    for (let place = this.#first; place !== undefined; place = place.next) {
      // A timer counts whole milliseconds of a clock of its own, and may be early by one.
      if (place.untilMs <= nowMs + 1) place.expire();
      else nextMs = Math.min(nextMs, place.untilMs);
    }
    if (this.#size > 0) this.#arm(nextMs, nextMs - nowMs);
  }
}

interface Outcome<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
  onTimeout(): Error;
}

/** A waiter with its place in the queue. */
class Place<T> implements Waiter<T> {
  readonly options: WaitOptions | undefined;
  readonly sinceMs = performance.now();
  readonly untilMs: number;
  isQueued = true;
  previous: Place<T> | undefined;
  next: Place<T> | undefined;
  readonly #queue: WaitQueue<T>;
  readonly #outcome: Outcome<T>;
  readonly #onAbort: (() => void) | undefined;

  constructor(queue: WaitQueue<T>, options: WaitOptions | undefined, limitMs: number, outcome: Outcome<T>) {
    this.#queue = queue;
    this.options = options;
    this.untilMs = this.sinceMs + limitMs;
    this.#outcome = outcome;
    const signal = options?.signal;
    if (signal === undefined) return;
    this.#onAbort = () => this.reject(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  resolve(value: T): void {
    this.#leave();
    this.#outcome.resolve(value);
  }

  reject(error: unknown): void {
    this.#leave();
    this.#queue.remove(this);
    this.#outcome.reject(error);
  }

  expire(): void {
    this.reject(this.#outcome.onTimeout());
  }

  #leave(): void {
    if (this.#onAbort !== undefined) this.options?.signal?.removeEventListener('abort', this.#onAbort);
  }
}
