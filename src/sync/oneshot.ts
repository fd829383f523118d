import type { WaitOptions } from './wait.ts';

/**
 * One reply that somebody waits for, at most once: settled by the first of a value, an error, the deadline or an abort.
 * What comes later finds it settled and does nothing, so that a late reply leaks no slot.
 */
export class Oneshot<T> {
  readonly promise: Promise<T>;
  #settle: { resolve(value: T): void; reject(error: unknown): void } | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;

  /**
   * @param onLate called when nobody waits any more, with the signal's reason or undefined for the deadline; it gives
   * the slot up and returns the error to end the wait with
   */
  constructor({ remainingMs, signal }: WaitOptions, onLate: (reason: unknown) => unknown) {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.#settle = { resolve, reject };
    if (signal !== undefined) {
      this.#onAbort = () => this.reject(onLate(signal.reason));
      this.#signal = signal;
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    if (remainingMs !== undefined) this.#timer = setTimeout(() => this.reject(onLate(undefined)), remainingMs);
  }

  get settled(): boolean {
    return this.#settle === undefined;
  }

  resolve(value: T): void {
    const settle = this.#close();
    settle?.resolve(value);
  }

  reject(error: unknown): void {
    const settle = this.#close();
    settle?.reject(error);
  }

  #close() {
    const settle = this.#settle;
    this.#settle = undefined;
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    return settle;
  }
}
