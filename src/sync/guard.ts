/** Nothing is waited for in a release: one promise does for all. */
const RELEASED = Promise.resolve();

/** Ownership of the mutex, until it is disposed of. Disposing of it again does nothing. */
export class Guard implements Disposable, AsyncDisposable {
  #release: (() => void) | undefined;

  constructor(release: () => void) {
    this.#release = release;
  }

  [Symbol.dispose](): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return RELEASED;
  }
}
