import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { type Point, trendOf } from './robust-trend.ts';

function points(valueAt: (at: number, random: () => number) => number, seed = 1): Point[] {
  const random = seededRandom(seed);
  return Array.from({ length: 27 }, (_, at) => ({ at: at * 30, value: valueAt(at, random) }));
}

describe('trendOf', () => {
  it('is exact on a line', () => {
    const { growth, least, most } = trendOf(points((at) => 100 + at));
    for (const found of [growth, least, most]) expect(found).toBeCloseTo(26);
  });

  it('has 0 in its interval for noise, nearly always', () => {
    const flat = Array.from({ length: 200 }, (_, seed) => trendOf(points((_at, random) => 100 + random(), seed)));
    const missed = flat.filter(({ least, most }) => least > 0 || most < 0).length;
    expect(missed).toBeLessThanOrEqual(6); // 2 are expected
  });

  it('finds growth within noise as large as itself', () => {
    const { growth, least } = trendOf(points((at, random) => 100 + at / 26 + random()));
    expect(least).toBeGreaterThan(0);
    expect(growth).toBeGreaterThan(0.5);
    expect(growth).toBeLessThan(1.5);
  });

  it('takes no notice of a few samples that are far off', () => {
    const { least, most } = trendOf(points((at, random) => (at % 7 === 0 ? 1_000 : 100 + random())));
    expect(least).toBeLessThan(0);
    expect(most).toBeGreaterThan(0);
    expect(trendOf(points((at) => (at === 13 ? 1_000 : 100 + at))).growth).toBeCloseTo(26);
  });
});
