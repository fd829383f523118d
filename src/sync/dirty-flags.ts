/**
 * A word per shard that is set while a change is under way, so that a repair has nothing to look for where none is: a
 * refusal that is thrown before anything changed leaves it clear, and costs what an answer costs.
 *
 * Guarantee: it stays set when the change throws or its thread dies, until a repair clears it.
 * Cost: two atomic stores per change.
 *
 * Ordering: read and written under the shard's lock. `Atomics.store` sets it before the first store of the change and
 * clears it after the last; the compiler moves neither across.
 */
export class DirtyFlags {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #apart: number;

  /** @param first index in `words` of the first shard's word; the next are `apart` words apart */
  constructor(words: Int32Array, first: number, apart: number) {
    this.#words = words;
    this.#first = first;
    this.#apart = apart;
  }

  isSet(shard: number): boolean {
    return Atomics.load(this.#words, this.#first + shard * this.#apart) !== 0;
  }

  set(shard: number): void {
    Atomics.store(this.#words, this.#first + shard * this.#apart, 1);
  }

  clear(shard: number): void {
    Atomics.store(this.#words, this.#first + shard * this.#apart, 0);
  }

  /** Runs `change` with the shard's word set. When it throws, the word stays set. */
  during<T>(shard: number, change: () => T): T {
    this.set(shard);
    const result = change();
    this.clear(shard);
    return result;
  }
}
