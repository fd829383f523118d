import { unwatchSignal, watchSignal } from './abort-signals.ts';
import { Deadlines, Expiring } from './deadlines.ts';
import type { WaitOptions } from './wait.ts';

/** Whoever is told the same at once goes on in so many continuations per turn of the event loop. */
export const TOLD_PER_TURN = 64;

/** A caller on this thread that waits for a `T`. */
export interface Waiter<T> {
  readonly options: WaitOptions | undefined;
  /** `performance.now()` when the wait began. */
  readonly sinceMs: number;
  /** When it ends without having been served. */
  readonly untilMs: number;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export interface WaitQueueOptions {
  /** Called when the first begins to wait, and when nobody does any more. */
  readonly onFirst?: () => void;
  readonly onEmpty?: () => void;
  /** Shared by queues of which there may be many. */
  readonly deadlines?: Deadlines;
}

/**
 * First come, first served within one thread; a waiter that times out or is aborted is gone at once.
 *
 * Guarantee: nobody is served whose time is over, however late its timer comes.
 * Cost: a promise per wait. One timer serves all who wait (`Deadlines`), one listener all who wait with one signal.
 */
export class WaitQueue<T> {
  readonly #options: WaitQueueOptions;
  readonly #deadlines: Deadlines;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  constructor(options: WaitQueueOptions = {}) {
    this.#options = options;
    this.#deadlines = options.deadlines ?? new Deadlines();
  }

  get size(): number {
    return this.#size;
  }

  /** The one who has waited longest, still in the queue. */
  get oldest(): Waiter<T> | undefined {
    return this.#first;
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
      this.#deadlines.add(place);
      if (this.#size === 1) this.#options.onFirst?.();
    });
  }

  /** Takes the one who has waited longest out of the queue. Those whose time is over go as well; their error comes. */
  shift(): Waiter<T> | undefined {
    if (this.#first === undefined) return undefined;
    const nowMs = performance.now();
    for (let first: Place<T> | undefined = this.#first; first !== undefined; first = this.#first) {
      this.#takeOut(first);
      if (first.untilMs > nowMs) return first;
      this.#deadlines.expireSoon();
    }
    return undefined;
  }

  /** Everybody who waits gets `value`, some in each turn of the event loop. */
  resolveAll(value: T): void {
    this.#tellAll((place) => place.resolve(value));
  }

  /** Everybody's wait ends with `error`, some in each turn of the event loop. */
  rejectAll(error: unknown): void {
    this.#tellAll((place) => place.reject(error));
  }

  /** The wait of a place is over, however it ended. */
  leave(place: Place<T>): void {
    this.#deadlines.remove(place);
    if (place.isQueued) this.#takeOut(place);
  }

  #tellAll(tell: (place: Place<T>) => void): void {
    const first = this.#first;
    if (first === undefined) return;
    // All leave at once: whoever comes between two turns waits for something else.
    for (let place: Place<T> | undefined = first; place !== undefined; place = place.next) place.isQueued = false;
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
    this.#options.onEmpty?.();
    tellFrom(first, tell);
  }

  #takeOut(place: Place<T>): void {
    place.isQueued = false;
    if (place.previous === undefined) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#last = place.previous;
    else place.next.previous = place.previous;
    this.#size -= 1;
    if (this.#size === 0) this.#options.onEmpty?.();
  }
}

function tellFrom<T>(first: Place<T>, tell: (place: Place<T>) => void): void {
  let place: Place<T> | undefined = first;
  for (let told = 0; told < TOLD_PER_TURN; told++) {
    if (place === undefined) return;
    tell(place);
    place = place.next;
  }
  const rest = place;
  if (rest !== undefined) setImmediate(() => tellFrom(rest, tell));
}

interface Outcome<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
  onTimeout(): Error;
}

/** A waiter with its place in the queue. The first outcome counts. */
class Place<T> extends Expiring implements Waiter<T> {
  readonly options: WaitOptions | undefined;
  readonly sinceMs = performance.now();
  readonly untilMs: number;
  isQueued = true;
  previous: Place<T> | undefined;
  next: Place<T> | undefined;
  readonly #queue: WaitQueue<T>;
  readonly #outcome: Outcome<T>;

  constructor(queue: WaitQueue<T>, options: WaitOptions | undefined, limitMs: number, outcome: Outcome<T>) {
    super();
    this.#queue = queue;
    this.options = options;
    this.untilMs = this.sinceMs + limitMs;
    this.#outcome = outcome;
    if (options?.signal !== undefined) watchSignal(options.signal, this);
  }

  resolve(value: T): void {
    this.#leave();
    this.#outcome.resolve(value);
  }

  reject(error: unknown): void {
    this.#leave();
    this.#outcome.reject(error);
  }

  expire(): void {
    this.reject(this.#outcome.onTimeout());
  }

  onAbort(reason: unknown): void {
    this.reject(reason);
  }

  #leave(): void {
    this.#queue.leave(this);
    if (this.options?.signal !== undefined) unwatchSignal(this.options.signal, this);
  }
}
