import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadRequestError } from '../../src/errors.ts';
import { halfSipHash, KeyBuffer, MAX_KEY_BYTES } from '../../src/sync/key-hash.ts';
import { TableLayout } from '../../src/sync/table-layout.ts';
import { referenceHalfSipHash, REFERENCE_VECTORS } from '../support/half-sip-hash.ts';

const VECTOR_SEED = [0x03020100, 0x07060504] as const;

describe('the reference in the tests', () => {
  it('gives the 64 published vectors of HalfSipHash-2-4', () => {
    const computed = REFERENCE_VECTORS.map((_, length) =>
      referenceHalfSipHash(
        Uint8Array.from({ length }, (__, byte) => byte),
        VECTOR_SEED,
        { compress: 2, finish: 4 },
      ),
    );
    expect(computed).toEqual(REFERENCE_VECTORS);
  });
});

describe('halfSipHash', () => {
  const seed = fc.tuple(fc.integer(), fc.integer());
  const bytes = fc.uint8Array({ maxLength: MAX_KEY_BYTES });

  it('is HalfSipHash-1-3', () => {
    fc.assert(
      fc.property(bytes, seed, (input, key) => {
        const words = new Int32Array(MAX_KEY_BYTES / 4);
        new Uint8Array(words.buffer).set(input);
        const expected = referenceHalfSipHash(input, key, { compress: 1, finish: 3 });
        expect(halfSipHash(words, input.length, key) >>> 0).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('KeyBuffer', () => {
  it('holds a key as the hash and the table want it, whatever it held before', () => {
    const used = new KeyBuffer(VECTOR_SEED);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (key) => {
        const encoded = new TextEncoder().encode(key);
        fc.pre(encoded.length <= MAX_KEY_BYTES);
        const fresh = new KeyBuffer(VECTOR_SEED).load(key);
        expect(used.load(key)).toMatchObject({ byteLength: encoded.length, hash: fresh.hash });
        expect(new Uint8Array(used.words.buffer).subarray(0, encoded.length)).toEqual(encoded);
        expect(used.words.subarray(0, used.wordLength)).toEqual(fresh.words.subarray(0, fresh.wordLength));
      }),
    );
  });

  it.each([
    ['no byte', ''],
    ['a byte too many', 'x'.repeat(MAX_KEY_BYTES + 1)],
    ['too many bytes of few characters', 'é'.repeat(MAX_KEY_BYTES / 2 + 1)],
    ['too many bytes at the last character', `${'x'.repeat(MAX_KEY_BYTES - 1)}é`],
  ])('refuses a key with %s, and goes on', (_, key) => {
    const keys = new KeyBuffer(VECTOR_SEED);
    const { hash } = keys.load('good');
    expect(() => keys.load(key)).toThrow(BadRequestError);
    expect(() => keys.load(key)).toThrow(BadRequestError);
    expect(keys.load('good').hash).toBe(hash);
  });

  it('takes a key of exactly the longest length', () => {
    expect(new KeyBuffer(VECTOR_SEED).load('é'.repeat(MAX_KEY_BYTES / 2)).byteLength).toBe(MAX_KEY_BYTES);
  });
});

describe('50,000 keys crafted to collide', () => {
  const KEYS = 50_000;
  const layout = new TableLayout(KEYS, 64);
  const shardOf = (keys: KeyBuffer, key: string): number => layout.shardOf(keys.load(key).hash);

  // "Aa" and "BB" have the same hash in `31 * hash + unit`, and so have all keys made of as many of them.
  const polynomial = Array.from({ length: KEYS }, (_, index) =>
    Array.from({ length: 16 }, (__, bit) => (((index >>> bit) & 1) === 0 ? 'Aa' : 'BB')).join(''),
  );

  it('in a polynomial hash do', () => {
    const hashes = polynomial.map((key) =>
      Buffer.from(key).reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it.each([1, 2, 3, 4, 5])('spread over 64 shards, seed %i', (seed) => {
    expect(fullest(polynomial, [seed, ~seed])).toBeLessThan(1.5);
  });

  it('under a guessed seed spread over 64 shards under another', () => {
    const guessed = new KeyBuffer([0, 0]);
    const aimed: string[] = [];
    for (let key = 0; aimed.length < KEYS; key++) if (shardOf(guessed, `key-${key}`) === 0) aimed.push(`key-${key}`);
    expect(fullest(aimed, [0, 0])).toBe(64);
    expect(fullest(aimed, [0, 1])).toBeLessThan(1.5);
    expect(fullest(aimed, [0x5eed, -0x5eed])).toBeLessThan(1.5);
  });

  /** How much more than the mean the fullest shard has. */
  function fullest(crafted: readonly string[], seed: readonly [number, number]): number {
    const keys = new KeyBuffer(seed);
    const counts = Array.from({ length: 64 }, () => 0);
    for (const key of crafted) counts[shardOf(keys, key)]! += 1;
    return Math.max(...counts) / (KEYS / 64);
  }
});
