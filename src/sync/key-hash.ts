/**
 * Keys as bytes, and their keyed hash: HalfSipHash-1-3, which nobody can aim at one bucket or shard without the seed.
 *
 * @see Aumasson, Bernstein, "SipHash: a fast short-input PRF" (the 32-bit variant of its reference implementation)
 */
import { endianness } from 'node:os';
import { BadRequestError } from '../errors.ts';

/** Longest key in bytes of UTF-8. */
export const MAX_KEY_BYTES = 128;

/** The two 32-bit words that key the hash; drawn anew at each start of the service. */
export type HashSeed = readonly [number, number];

const encoder = new TextEncoder();
const LITTLE_ENDIAN = endianness() === 'LE';

/**
 * Holds one key at a time as zero-padded 32-bit words, ready to be hashed, compared and copied without allocation.
 * Each user has its own: `load` overwrites what the last one left.
 */
export class KeyBuffer {
  readonly words = new Int32Array(MAX_KEY_BYTES / 4);
  readonly #bytes = new Uint8Array(this.words.buffer);
  readonly #seed: HashSeed;
  #key = '';
  #lastUnit = 0;
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
    // Keys of a service often begin alike, and comparing them as strings takes longer the later they differ.
    const last = key.charCodeAt(key.length - 1);
    if (last === this.#lastUnit && key === this.#key && key !== '') return this;
    this.#lastUnit = last;
    this.#key = '';
    this.byteLength = this.#encode(key);
    this.hash = halfSipHash(this.words, this.byteLength, this.#seed);
    this.#key = key;
    return this;
  }

  /** Four characters to a word while all are ASCII, as almost every key is: half the time of one by one. */
  #encode(key: string): number {
    const { length } = key;
    if (length === 0 || length > MAX_KEY_BYTES) throw badLength();
    const { words } = this;
    let seen = 0;
    let at = 0;
    for (; at + 4 <= length; at += 4) {
      const first = key.charCodeAt(at);
      const second = key.charCodeAt(at + 1);
      const third = key.charCodeAt(at + 2);
      const fourth = key.charCodeAt(at + 3);
      seen |= first | second | third | fourth;
      words[at >>> 2] = first | (second << 8) | (third << 16) | (fourth << 24);
    }
    if (at < length) {
      let last = 0;
      for (let to = at; to < length; to++) {
        const unit = key.charCodeAt(to);
        seen |= unit;
        last |= unit << ((to & 3) << 3);
      }
      words[at >>> 2] = last;
    }
    return seen <= 0x7f && LITTLE_ENDIAN ? length : this.#encodeUtf8(key);
  }

  #encodeUtf8(key: string): number {
    const { read, written } = encoder.encodeInto(key, this.#bytes);
    if (read < key.length) throw badLength();
    const padded = (written + 3) & ~3;
    for (let at = written; at < padded; at++) this.#bytes[at] = 0;
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
  const last = (byteLength << 24) | ((byteLength & 3) === 0 ? 0 : words[full]!);
  // A round for every word and for the tail, which has the length in its top byte; then three to finish. The rounds
  // are written out twice: one loop that asks in each round which kind it is takes three times as long.
  for (let step = 0; step <= full; step++) {
    const block = step === full ? last : words[step]!;
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
  v2 ^= 0xff;
  for (let step = 0; step < 3; step++) {
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
  }
  return v1 ^ v3;
}
