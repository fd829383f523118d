/**
 * Versions that readers were shown though no entry has them, because their load was voided on its way: for each bucket of
 * keys the greatest. A load that is on its way at that time may bring something older.
 *
 * Guarantee: of two loads of a key, what the later one is held against is at least what the earlier one has shown. Keys
 * share buckets, so it may be the greater version of another key: see `ReadThrough` for why that costs little.
 *
 * Ordering: raised before the version is shown, and read before a load is joined or begun, by `Atomics` both.
 */
import { type HashSeed, KeyBuffer } from '../sync/key-hash.ts';

const BUCKETS = 1024; // a power of 2

export class ShownVersions {
  static readonly bytes = BUCKETS * 8;
  readonly #versions: BigInt64Array;
  readonly #keys: KeyBuffer;

  /** @param byteOffset a multiple of 8 */
  constructor(data: SharedArrayBuffer, byteOffset: number, seed: HashSeed) {
    this.#versions = new BigInt64Array(data, byteOffset, BUCKETS);
    this.#keys = new KeyBuffer(seed);
  }

  of(key: string): number {
    return Number(Atomics.load(this.#versions, this.#bucketOf(key)));
  }

  raise(key: string, version: number): void {
    const bucket = this.#bucketOf(key);
    const raised = BigInt(version);
    for (let found = Atomics.load(this.#versions, bucket); found < raised;) {
      const before = Atomics.compareExchange(this.#versions, bucket, found, raised);
      if (before === found) return;
      found = before;
    }
  }

  #bucketOf(key: string): number {
    return this.#keys.load(key).hash & (BUCKETS - 1);
  }
}
