/**
 * Keys that were deleted, remembered for a while, else an older write that arrives late would bring its key back.
 *
 * Guarantee: each is forgotten `ttlMs` after its deletion, also when nothing happens any more, and there are never more
 * than `capacity`: then the oldest is forgotten early, and a write that is still under way to it would bring it back.
 * Cost: one timer for all; forgetting goes in steps, with turns of the event loop between them.
 */
const FORGOTTEN_AT_ONCE = 1_000;

export interface TombstonesOptions {
  readonly ttlMs: number;
  readonly capacity: number;
  readonly forget: (key: string) => void;
}

export class Tombstones {
  readonly #options: TombstonesOptions;
  /** When each was deleted, in milliseconds of `performance.now()`: the oldest first. */
  readonly #deletedMs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TombstonesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#deletedMs.size;
  }

  add(key: string): void {
    this.#deletedMs.delete(key);
    this.#deletedMs.set(key, performance.now());
    if (this.#deletedMs.size > this.#options.capacity) this.#forgetOldest();
    if (this.#timer === undefined) this.#timer = this.#after(this.#options.ttlMs);
  }

  /** Its key is there again. */
  remove(key: string): void {
    this.#deletedMs.delete(key);
  }

  #after(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), delayMs).unref();
  }

  #sweep(): void {
    this.#timer = undefined;
    for (let forgotten = 0; ; forgotten++) {
      const [oldestMs] = this.#deletedMs.values();
      if (oldestMs === undefined) return;
      const leftMs = oldestMs + this.#options.ttlMs - performance.now();
      if (leftMs <= 0 && forgotten < FORGOTTEN_AT_ONCE) this.#forgetOldest();
      else return void (this.#timer = this.#after(Math.max(0, leftMs)));
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#deletedMs.keys();
    this.#deletedMs.delete(oldest!);
    this.#options.forget(oldest!);
  }
}
