/** Record numbers, a bit for each: to have the lowest of many in order costs less than to sort them. */
export class RecordSet {
  readonly #words: Uint32Array;

  /** @param capacity every number is below this */
  constructor(capacity: number) {
    this.#words = new Uint32Array(Math.ceil(capacity / 32));
  }

  add(record: number): void {
    this.#words[record >>> 5]! |= 1 << (record & 31);
  }

  /** Takes out the lowest, at most `limit`, in ascending order, and forgets the others. */
  takeLowest(limit: number): number[] {
    const words = this.#words;
    const lowest: number[] = [];
    for (let at = 0; at < words.length && lowest.length < limit; at++) {
      for (let bits = words[at]!; bits !== 0 && lowest.length < limit; bits &= bits - 1) {
        lowest.push(at * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
    words.fill(0);
    return lowest;
  }
}
