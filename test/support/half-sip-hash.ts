/**
 * HalfSipHash with 32 bits of output, written as its authors describe it and for any number of rounds, so that it can
 * be held against their vectors, and the one in `src/` against it.
 *
 * @see Aumasson, Bernstein: reference implementation, https://github.com/veorq/SipHash (CC0)
 */

export interface Rounds {
  readonly compress: number;
  readonly finish: number;
}

/** @returns an unsigned 32-bit integer */
export function referenceHalfSipHash(input: Uint8Array, [k0, k1]: readonly [number, number], rounds: Rounds): number {
  const v = new Uint32Array([k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1]);
  const blocks = Math.floor(input.length / 4);
  const padded = new Uint8Array(blocks * 4 + 4);
  padded.set(input);
  padded[padded.length - 1] = input.length; // modulo 256
  const view = new DataView(padded.buffer);
  for (let block = 0; block <= blocks; block++) {
    const m = view.getUint32(block * 4, true);
    v[3]! ^= m;
    for (let round = 0; round < rounds.compress; round++) sipRound(v);
    v[0]! ^= m;
  }
  v[2]! ^= 0xff;
  for (let round = 0; round < rounds.finish; round++) sipRound(v);
  return (v[1]! ^ v[3]!) >>> 0;
}

function sipRound(v: Uint32Array): void {
  let [v0, v1, v2, v3] = v as unknown as [number, number, number, number];
  v0 = (v0 + v1) | 0;
  v1 = rotated(v1, 5) ^ v0;
  v0 = rotated(v0, 16);
  v2 = (v2 + v3) | 0;
  v3 = rotated(v3, 8) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = rotated(v3, 7) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = rotated(v1, 13) ^ v2;
  v2 = rotated(v2, 16);
  v.set([v0, v1, v2, v3]);
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** `vectors_hsip32`: of the inputs 00, 00 01, … (the first is empty), keyed by the bytes 00 … 07, 2 and 4 rounds. */
export const REFERENCE_VECTORS: readonly number[] = `
  5b9f35a9 b85a4727 03a662fa 04e7fe8a 89466e2a 69b6fac5 23fc6358 c563cf8b 8f84b8d0 79e706f8 3479b094 50300808
  2f87f057 ff63e677 7cf8ffd6 972bfe74 84acb5d9 5b6474c4 9b8d5b46 87e3ef7b 45104de3 b3623f61 fe67f370 bdb8ade6
  630c4027 75787826 5f7b564f 69e6b03a 004064b0 b40f67ff 8b339e50 1a9f585d 1221e7fe 59327533 8c4f436a 29b728fe
  ecc65ce7 548d7e69 0f8b6863 b4620b65 4018bcb6 0545075d 2efd4224 3a86b77b 48d50577 b10852d7 c899d4b6 2e209208
  e32ce169 e580b58d c6649736 04026e01 d4f3853b be66dbfe 3a2a691e c08489c6 40b9c5a5 8ce8e99b 4081bc7d c58e077c
  736ce7d4 b9cb8f42 7a9983bd 744aea59
`
  .trim()
  .split(/\s+/u)
  .map((word) => Number.parseInt(word, 16));
