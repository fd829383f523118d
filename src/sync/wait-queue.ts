import type { WaitOptions } from './wait.ts';

/** Somebody of this thread who waits for a `T`. */
export interface Waiter<T> {
  readonly options: WaitOptions | undefined;
  /** `performance.now()` when the wait began. */
  readonly sinceMs: number;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** First come, first served within one thread; a waiter that times out or is aborted is gone at once. */
export class WaitQueue<T> {
  // A Set keeps insertion order and deletes from the middle in constant time.
  readonly #waiters = new Set<Waiter<T>>();
  readonly #edges: { readonly onFirst?: () => void; readonly onEmpty?: () => void };

  constructor(edges: { readonly onFirst?: () => void; readonly onEmpty?: () => void } = {}) {
    this.#edges = edges;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /**
   * @param limitMs longest wait in milliseconds
   * @param onTimeout makes the error that the wait ends with after `limitMs`
   */
  wait(options: WaitOptions | undefined, limitMs: number, onTimeout: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        options?.signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<T> = {
        options,
        sinceMs: performance.now(),
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          this.#remove(waiter);
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.reject(onTimeout()), limitMs);
      const onAbort = (): void => waiter.reject(options?.signal?.reason);
      options?.signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      if (this.#waiters.size === 1) this.#edges.onFirst?.();
    });
  }

  /** Takes the one who has waited longest out of the queue. */
  shift(): Waiter<T> | undefined {
    const [first] = this.#waiters;
    if (first !== undefined) this.#remove(first);
    return first;
  }

  rejectAll(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #remove(waiter: Waiter<T>): void {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.#edges.onEmpty?.();
  }
}
