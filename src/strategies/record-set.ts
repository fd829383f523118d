/**
 * Record numbers, a bit for each: to have the lowest of many in order costs less than to sort them.
 *
 * Cost: that of the numbers added, however many there might be: only words with a bit in them are looked at and cleared.
 * The memory has a bit for every record, and is zeros when the system gives it.
 */
export class RecordSet {
  readonly #words: Uint32Array;
  /** Indices of the words that are not 0, in no order. */
  #used: number[] = [];

  /** @param capacity every number is below this */
  constructor(capacity: number) {
    this.#words = new Uint32Array(Math.ceil(capacity / 32));
  }

  add(record: number): void {
    const at = record >>> 5;
    if (this.#words[at] === 0) this.#used.push(at);
    this.#words[at]! |= 1 << (record & 31);
  }

  /** Takes out the lowest, at most `limit`, in ascending order, and forgets the others. */
  takeLowest(limit: number): number[] {
    const words = this.#words;
    const lowest: number[] = [];
    for (const at of Uint32Array.from(this.#used).sort()) {
      for (let bits = words[at]!; bits !== 0 && lowest.length < limit; bits &= bits - 1) {
        lowest.push(at * 32 + 31 - Math.clz32(bits & -bits));
      }
      words[at] = 0;
    }
    this.#used = [];
    return lowest;
  }
}
