/** A quick hash of a sequence of words in two lanes: 53 bits of it tell the states of an exploration apart. */
export class MixedHash {
  low = 0;
  high = 0;

  start(low = 0x9e3779b9 | 0, high = 0x85ebca6b | 0): this {
    this.low = low;
    this.high = high;
    return this;
  }

  add(word: number): this {
    this.low = mixed(this.low ^ word, 0x9e3779b1);
    this.high = mixed((this.high + word) | 0, 0xc2b2ae35);
    return this;
  }
}

function mixed(word: number, factor: number): number {
  const hash = Math.imul(word ^ (word >>> 15), factor);
  return (hash << 13) ^ (hash >>> 11) ^ hash;
}
