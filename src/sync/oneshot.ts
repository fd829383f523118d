import { type AbortWatcher, unwatchSignal, watchSignal } from './abort-signals.ts';

/**
 * One reply that somebody waits for, at most once: settled by the first of a value, an error or an abort.
 * What comes later finds it settled and does nothing, so that a late reply leaks no slot.
 *
 * Cost: a promise, and a place among those that watch its signal, where there is one. It has no timer: whoever keeps it rejects it in time, with
 * one timer for all it keeps.
 */
export class Oneshot<T> {
  readonly promise: Promise<T>;
  #resolve: ((value: T) => void) | undefined;
  #reject!: (error: unknown) => void;
  #signal: AbortSignal | undefined;
  #watcher: AbortWatcher | undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#resolve === undefined;
  }

  /** @param onAbort called once nobody wants the reply any more, unless it is settled by then */
  watch(signal: AbortSignal, onAbort: (reason: unknown) => void): void {
    this.#signal = signal;
    this.#watcher = { onAbort };
    watchSignal(signal, this.#watcher);
  }

  resolve(value: T): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#close();
    resolve(value);
  }

  reject(error: unknown): void {
    if (this.#resolve === undefined) return;
    this.#close();
    this.#reject(error);
  }

  #close(): void {
    this.#resolve = undefined;
    if (this.#watcher !== undefined) unwatchSignal(this.#signal!, this.#watcher);
  }
}
