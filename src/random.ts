/** Uniform in [0, 1). */
export type Random = () => number;

/**
 * A small seeded generator: the same seed gives the same sequence on every machine.
 *
 * @see Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (SplitMix32's finaliser)
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
