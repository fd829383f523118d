/**
 * Copies in a cache that may be older than what the origin has, and could not be taken out because a lock was not free:
 * tried again until it is. Their writers were told that nobody knows.
 *
 * Guarantee: bounded; where there are too many, every copy is forgotten instead.
 * Cost: one timer, while there are any. An attempt does not wait for the lock.
 */
import type { Awaitable } from '../sync/wait.ts';

const RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
const MAX_KEYS = 1_000;

export interface CopiesInDoubtOptions {
  /** Takes out one copy. Throws where it cannot. */
  readonly forget: (key: string) => Awaitable<void>;
  /** Takes out every copy. */
  readonly clear: () => Awaitable<void>;
}

export class CopiesInDoubt {
  readonly #options: CopiesInDoubtOptions;
  readonly #keys = new Set<string>();
  #isAny = false;
  #retryMs = RETRY_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CopiesInDoubtOptions) {
    this.#options = options;
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size > MAX_KEYS) {
      this.#keys.clear();
      this.#isAny = true;
    }
    if (this.#timer === undefined) this.#retryLater();
  }

  #retryLater(): void {
    this.#timer = setTimeout(() => void this.#retry(), this.#retryMs).unref();
  }

  async #retry(): Promise<void> {
    let doubted: string | undefined;
    let isClearing = false;
    try {
      if (this.#isAny) {
        this.#isAny = false;
        isClearing = true;
        await this.#options.clear();
        isClearing = false;
      }
      for (const key of this.#keys) {
        this.#keys.delete(key); // first: it may be added again meanwhile
        doubted = key;
        await this.#options.forget(key);
      }
      this.#retryMs = RETRY_MS;
    } catch {
      if (isClearing) this.#isAny = true;
      if (doubted !== undefined) this.#keys.add(doubted);
      this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    }
    this.#timer = undefined;
    if (this.#isAny || this.#keys.size > 0) this.#retryLater();
  }
}
