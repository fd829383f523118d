/**
 * Keys as bytes, and their keyed hash: HalfSipHash-1-3, which nobody can aim at one bucket or shard without the seed.
 *
 * @see Aumasson, Bernstein, "SipHash: a fast short-input PRF" (the 32-bit variant of its reference implementation)
 */
import { BadRequestError } from '../errors.ts';

/** Longest key in bytes of UTF-8. */
export const MAX_KEY_BYTES = 128;

/** The two 32-bit words that key the hash; drawn anew at each start of the service. */
export type HashSeed = readonly [number, number];

const encoder = new TextEncoder();

/**
 * Holds one key at a time as zero-padded 32-bit words, ready to be hashed, compared and copied without allocation.
 * Each user has its own: `load` overwrites what the last one left.
 */
export class KeyBuffer {
  readonly words = new Int32Array(MAX_KEY_BYTES / 4);
  readonly #bytes = new Uint8Array(this.words.buffer);
  readonly #seed: HashSeed;
  #key = '';
  /** Bytes of the loaded key. */
  byteLength = 0;
  /** Keyed hash of the loaded key: a signed 32-bit integer. */
  hash = 0;

  constructor(seed: HashSeed) {
    this.#seed = seed;
  }

  /** 32-bit words that the loaded key takes. */
  get wordLength(): number {
    return (this.byteLength + 3) >>> 2;
  }

  /**
   * Encodes and hashes `key`, unless it is the one that is loaded already.
   *
   * @throws {BadRequestError} the key has no byte or more than `MAX_KEY_BYTES`
   */
  load(key: string): this {
    if (key === this.#key && key !== '') return this;
    this.#key = '';
    this.byteLength = this.#encode(key);
    const padded = this.wordLength * 4;
    for (let at = this.byteLength; at < padded; at++) this.#bytes[at] = 0;
    this.hash = halfSipHash(this.words, this.byteLength, this.#seed);
    this.#key = key;
    return this;
  }

  #encode(key: string): number {
    const { length } = key;
    if (length === 0 || length > MAX_KEY_BYTES) throw badLength();
    for (let at = 0; at < length; at++) {
      const unit = key.charCodeAt(at);
      if (unit > 0x7f) return this.#encodeUtf8(key);
      this.#bytes[at] = unit;
    }
    return length;
  }

  #encodeUtf8(key: string): number {
    const { read, written } = encoder.encodeInto(key, this.#bytes);
    if (read < key.length) throw badLength();
    return written;
  }
}

function badLength(): BadRequestError {
  return new BadRequestError([{ field: 'key', detail: `must have 1 to ${MAX_KEY_BYTES} bytes of UTF-8` }]);
}

/** HalfSipHash-1-3 of the first `byteLength` bytes of `words`, which are zero-padded to whole words. */
export function halfSipHash(words: Int32Array, byteLength: number, [k0, k1]: HashSeed): number {
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const full = byteLength >>> 2;
  // One compression round per word, then the tail with the length in its top byte, then three rounds to finish.
  for (let step = 0; step < full + 4; step++) {
    let block = 0;
    if (step < full) block = words[step]!;
    else if (step === full) block = (byteLength << 24) | ((byteLength & 3) === 0 ? 0 : words[full]!);
    else if (step === full + 1) v2 ^= 0xff;
    v3 ^= block;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= block;
  }
  return v1 ^ v3;
}
