import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../load/seeded-random.ts';
import { fAbove, rangeReach, tBeyond, tReach } from '../../load/statistics/distributions.ts';
import { estimateOf, medianRanks } from '../../load/statistics/estimate.ts';
import { lettersOf } from '../../load/statistics/letters.ts';
import { comparePairs, levene } from '../../load/statistics/pairs.ts';
import { boundText, relationOf } from '../../load/statistics/relation.ts';
import { normal } from '../support/normal.ts';

describe('an estimate over rounds', () => {
  it('is the median, between order statistics', () => {
    expect(estimateOf([9, 1, 5, 7, 3, 11])).toMatchObject({ value: 6, low: 1, high: 11, rounds: 6 });
    const ten = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
    expect(estimateOf(ten)).toMatchObject({ value: 55, low: 20, high: 90 });
  });

  it.for([
    [3, 1, 0.75],
    [6, 1, 0.96875],
    [10, 2, 0.978515625],
    [20, 6, 0.9586105346679688],
  ])('of %i rounds is bounded by values number %i from the ends: %f', ([n, rank, confidence]) => {
    expect(medianRanks(n!)).toEqual({ rank, confidence: expect.closeTo(confidence!, 10) });
  });

  it('of one round has no interval, and of none or a missing one is nothing', () => {
    expect(estimateOf([4])).toMatchObject({ value: 4, low: undefined, high: undefined, confidence: 0 });
    expect(estimateOf([])).toBeUndefined();
    expect(estimateOf([1, undefined])).toBeUndefined();
  });

  it('covers the true median of a skewed distribution as often as it says', () => {
    const random = seededRandom(11);
    const trials = 4_000;
    for (const n of [6, 10]) {
      let covered = 0;
      for (let trial = 0; trial < trials; trial++) {
        const { low, high } = estimateOf(Array.from({ length: n }, () => Math.exp(normal(random))))!;
        if (low! <= 1 && high! >= 1) covered++;
      }
      expect(covered / trials).toBeCloseTo(medianRanks(n).confidence, 1);
    }
  });
});

describe('the distributions', () => {
  it('give the values that R gives', () => {
    expect(tReach(0.05, 5)).toBeCloseTo(2.570582, 5); // qt(0.975, 5)
    expect(tReach(0.005, 5)).toBeCloseTo(4.773341, 5); // qt(0.9975, 5)
    expect(tBeyond(2.570582, 5)).toBeCloseTo(0.05, 6); // 2 * pt(-2.570582, 5)
    expect(rangeReach(0.05, 5, 25)).toBeCloseTo(4.153363, 4); // qtukey(0.95, 5, 25)
    expect(rangeReach(0.01, 5, 25)).toBeCloseTo(5.143908, 4); // qtukey(0.99, 5, 25)
    expect(fAbove(2.75871, 4, 25)).toBeCloseTo(0.05, 5); // pf(2.75871, 4, 25, lower.tail = FALSE)
  });

  it('agree with each other where they must: the range of two is a difference', () => {
    expect(rangeReach(0.05, 2, 25)).toBeCloseTo(Math.SQRT2 * tReach(0.05, 25), 5);
  });
});

/** The only pair of two. */
function compareTwo(over: readonly (number | undefined)[], under: readonly (number | undefined)[]) {
  return comparePairs([
    { name: 'over', perRound: over },
    { name: 'under', perRound: under },
  ])[0];
}

describe('a comparison in pairs', () => {
  const drifting = [100, 250, 80, 160, 120, 300];
  const noise = [1.01, 0.99, 1.02, 0.985, 1.0, 0.995];

  it('finds a small difference below a drift that is in both', () => {
    const slower = drifting.map((value, round) => value * 1.2 * noise[round]!);
    const pair = compareTwo(slower, drifting)!;
    expect(pair.ratio).toBeCloseTo(1.2, 2);
    expect(pair.low).toBeGreaterThan(1.17);
    expect(pair.high).toBeLessThan(1.23);
    expect(relationOf(pair)).toBe('apart');
  });

  it('bounds what is the same, and never calls it equal', () => {
    const pair = compareTwo(
      drifting.map((value, round) => value * noise[round]!),
      drifting,
    )!;
    expect(pair.low).toBeLessThan(1);
    expect(pair.high).toBeGreaterThan(1);
    expect(relationOf(pair)).toBe('bounded');
    expect(boundText([pair])).toBe('at most 2 % apart');
  });

  it('is Student’s interval of the log ratios', () => {
    const { ratio, low, high } = compareTwo([2, 2.2, 1.9, 2.1, 2, 2.3], [1, 1, 1, 1, 1, 1])!;
    expect([ratio, low, high].map((value) => value.toFixed(3))).toEqual(['2.079', '1.931', '2.238']);
  });

  it('finds a large difference although one round was disturbed', () => {
    const held = [172, 177, 185, 186, 183, 182];
    const disturbed = [2_557, 6_177, 6_442, 6_400, 6_189, 5_844];
    const same = Array.from({ length: 5 }, (_, index) => ({
      name: String(index),
      perRound: held.map((value, round) => value * (1 + ((round + index) % 3) / 100)),
    }));
    const pairs = comparePairs([{ name: 'far', perRound: disturbed }, ...same]);
    expect(pairs.filter(({ over }) => over === 'far').map(relationOf)).toEqual(Array.from(same, () => 'apart'));
  });

  it('is certain only where every round says exactly the same', () => {
    expect(compareTwo([2, 4, 6, 8, 2], [1, 2, 3, 4, 1])).toMatchObject({ low: 2, high: 2 });
    expect(compareTwo([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])).toMatchObject({ ratio: 1, low: 1, high: 1 });
  });

  it('is none below five rounds that both have finished', () => {
    expect(compareTwo([1_000, 1_100, 900, 1_000], [1, 1.2, 0.8, 1.1])).toBeUndefined();
    expect(compareTwo([2, undefined, 4, 6, 8], [1, 2, 2, 3, 4])).toBeUndefined();
    expect(compareTwo([2, undefined, 4, 6, 8, 10], [1, 2, 2, 3, 4, 5])).toMatchObject({ rounds: 5 });
  });

  it('pools variances where none differs, which shortens every interval', () => {
    const random = seededRandom(2);
    const series = Array.from({ length: 5 }, (_, index) => ({
      name: String(index),
      perRound: drifting.map((value) => value * Math.exp(0.05 * normal(random))),
    }));
    const widths = (list: typeof series) => comparePairs(list).map(({ low, high }) => Math.log(high / low));
    const pooled = widths(series);
    expect(Math.max(...pooled) - Math.min(...pooled)).toBeLessThan(1e-9);
    const wild = series.map((own, index) =>
      index > 0 ? own : { ...own, perRound: own.perRound.map((value, round) => value * [1, 9, 1, 9, 2, 5][round]!) },
    );
    expect(Math.max(...widths(wild)) / Math.min(...widths(wild))).toBeGreaterThan(10);
  });

  it('sees variances that differ as Levene’s test does', () => {
    const even = [1, 2, 3, 4, 5, 6];
    expect(levene([even, even.map((value) => value + 10)])).toBeCloseTo(1, 6);
    expect(levene([even, even.map((value) => value * 100)])).toBeLessThan(0.01);
  });

  it.for([
    ['noise that is alike', [0.06, 0.06, 0.06, 0.06, 0.06]],
    ['one that is far noisier', [0.05, 0.05, 0.05, 0.05, 0.4]],
  ] as const)('claims anything of the same, with %s, in at most 5 of 100', ([, spreads]) => {
    const random = seededRandom(7);
    const trials = 1_000;
    let any = 0;
    for (let trial = 0; trial < trials; trial++) {
      const series = spreads.map((spread, index) => ({
        name: String(index),
        perRound: drifting.map((value) => value * Math.exp(spread * normal(random))),
      }));
      if (comparePairs(series).some((pair) => relationOf(pair) === 'apart')) any++;
    }
    expect(any / trials).toBeLessThanOrEqual(0.05 + 2 * Math.sqrt((0.05 * 0.95) / trials));
  });

  it('has intervals of which any misses in hardly more than 5 of 100', () => {
    const random = seededRandom(8);
    const trials = 1_000;
    let missed = 0;
    for (let trial = 0; trial < trials; trial++) {
      const series = [1, 1.1, 1.2, 1.3].map((factor) => ({
        name: String(factor),
        perRound: drifting.map((value) => value * factor * Math.exp(0.08 * normal(random))),
      }));
      const misses = comparePairs(series).some(({ over, under, low, high }) => {
        const truth = Number(over) / Number(under);
        return low > truth || high < truth;
      });
      if (misses) missed++;
    }
    // Holm’s later steps have shorter intervals: claims keep their 5 of 100, all intervals together miss in up to 8.
    expect(missed / trials).toBeLessThanOrEqual(0.08);
  });
});

describe('the words', () => {
  it.for([
    [1.06, 1.4, 'apart'],
    [1.04, 1.2, 'bounded'],
    [0.7, 0.95, 'apart'],
    [0.96, 1.05, 'bounded'],
    [0.7, 1.1, 'unresolved'],
  ] as const)('for [%f, %f] are: %s', ([low, high, relation]) => {
    expect(relationOf({ low, high })).toBe(relation);
  });

  it('round a bound upwards', () => {
    expect(boundText([{ low: 0.9, high: 1.02 }])).toBe('at most 12 % apart');
    expect(boundText([{ low: 1, high: 1.1 }])).toBe('at most 10 % apart');
  });
});

const letters = (names: readonly string[], apart: readonly (readonly [string, string])[]) =>
  lettersOf(names, (one, other) => apart.some((pair) => pair.includes(one) && pair.includes(other)));

describe('letters', () => {
  it('are shared by those that are not told apart', () => {
    expect([...letters(['a', 'b', 'c'], [])]).toEqual(Object.entries({ a: 'a', b: 'a', c: 'a' }));
    const overlapping = letters(['a', 'b', 'c'], [['a', 'c']]);
    expect([...overlapping.values()]).toEqual(['a', 'ab', 'b']);
  });

  it('are shared by two exactly when they are not apart, whatever the pairs', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const all = names.flatMap((one, index) => names.slice(index + 1).map((other) => [one, other] as const));
    fc.assert(
      fc.property(fc.subarray(all), (apart) => {
        const found = letters(names, apart);
        for (const [one, other] of all) {
          const shared = found
            .get(one)!
            .split('')
            .some((letter) => found.get(other)!.includes(letter));
          expect(shared).toBe(!apart.some((pair) => pair[0] === one && pair[1] === other));
        }
      }),
    );
  });
});
