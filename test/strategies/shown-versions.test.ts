import { assert, array, constantFrom, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShownVersions } from '../../src/strategies/shown-versions.ts';

/** Versions of Redis are microseconds since 1970: more than a double of 32 bits has. */
const LARGE = 1_900_000_000_000_000;
const keys = ['a', 'b', 'ä'.repeat(64), '__proto__'];

function shownIn(data = new SharedArrayBuffer(ShownVersions.bytes)): ShownVersions {
  return new ShownVersions(data, 0, [1, 2]);
}

describe('versions that were shown', () => {
  it('are 0 for a key that nobody was shown', () => {
    expect(keys.map((key) => shownIn().of(key))).toEqual(keys.map(() => 0));
  });

  it('are at least the greatest of a key, and of no other than those shown', () => {
    assert(
      property(array(tuple(constantFrom(...keys), integer({ min: 1, max: LARGE }))), (shown) => {
        const versions = shownIn();
        for (const [key, version] of shown) versions.raise(key, version);
        for (const key of keys) {
          const own = shown.filter(([of]) => of === key).map(([, version]) => version);
          expect(versions.of(key)).toBeGreaterThanOrEqual(Math.max(0, ...own));
          expect([0, ...shown.map(([, version]) => version)]).toContain(versions.of(key)); // they may share a bucket
        }
      }),
    );
  });

  it('are never lowered', () => {
    const versions = shownIn();
    versions.raise('a', LARGE);
    versions.raise('a', LARGE - 1);
    expect(versions.of('a')).toBe(LARGE);
  });

  it('are the same for all threads', () => {
    const data = new SharedArrayBuffer(ShownVersions.bytes);
    const [one, other] = [shownIn(data), shownIn(data)];
    one.raise('a', 3);
    expect(other.of('a')).toBe(3);
    other.raise('a', 5);
    expect(one.of('a')).toBe(5);
  });

  it('keep the greater where another thread is quicker', () => {
    const data = new SharedArrayBuffer(ShownVersions.bytes);
    const [one, other] = [shownIn(data), shownIn(data)];
    const { compareExchange } = Atomics;
    let isFirst = true;
    const overtaken = (...args: [BigInt64Array, number, bigint, bigint]): bigint => {
      if (isFirst) {
        isFirst = false;
        other.raise('a', 7); // between the look and the exchange
      }
      return compareExchange(...args);
    };
    Atomics.compareExchange = overtaken as typeof compareExchange;
    try {
      one.raise('a', 5);
      expect(one.of('a')).toBe(7);
      isFirst = true;
      one.raise('a', 9);
      expect(other.of('a')).toBe(9);
    } finally {
      Atomics.compareExchange = compareExchange;
    }
  });
});
