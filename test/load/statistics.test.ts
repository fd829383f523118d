import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../load/seeded-random.ts';
import { crossoversOf } from '../../load/statistics/crossover.ts';
import { estimateOf, medianRanks } from '../../load/statistics/estimate.ts';
import { holmAdjusted } from '../../load/statistics/holm.ts';
import { comparePaired } from '../../load/statistics/paired.ts';

/** Normally distributed, by Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

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

describe('a comparison in pairs', () => {
  const drifting = [100, 250, 80, 160, 120, 300];
  const noise = [1.01, 0.99, 1.02, 0.985, 1.0, 0.995];

  it('finds a small difference below a drift that is in both', () => {
    const slower = drifting.map((value, round) => value * 1.2 * noise[round]!);
    const { ratio, low, high, p } = comparePaired(slower, drifting, 1)!;
    expect(ratio).toBeCloseTo(1.2, 2);
    expect(low).toBeGreaterThan(1.15);
    expect(high).toBeLessThan(1.25);
    expect(p).toBeLessThan(0.005);
  });

  it('finds none between two of the same', () => {
    const same = drifting.map((value, round) => value * noise[round]!);
    const { low, high, p } = comparePaired(same, drifting, 1)!;
    expect(low).toBeLessThan(1);
    expect(high).toBeGreaterThan(1);
    expect(p).toBeGreaterThan(0.3);
  });

  it('finds a large difference although one round was disturbed', () => {
    const held = [172, 177, 185, 186, 183, 182];
    const disturbed = [2_557, 6_177, 6_442, 6_400, 6_189, 5_844];
    const { low, p } = comparePaired(disturbed, held, 1)!;
    expect(p * 21).toBeLessThan(0.05); // also as one of 21 pairs
    expect(low).toBeGreaterThan(10);
  });

  it('is certain only where every round says exactly the same', () => {
    expect(comparePaired([2, 4, 6], [1, 2, 3], 1)).toMatchObject({ low: 2, high: 2 });
    expect(comparePaired([1, 2, 3], [1, 2, 3], 1)).toMatchObject({ ratio: 1, low: 1, high: 1, p: 1 });
  });

  it('can claim nothing from four rounds, however far apart', () => {
    const far = [10, 11, 9, 10].map((value) => value * 100);
    expect(comparePaired(far, [1, 1.2, 0.8, 1.1], 1)!.p).toBeGreaterThan(0.01);
    expect(comparePaired([1], [2], 1)).toBeUndefined();
  });

  it('leaves out rounds that one of the two did not finish', () => {
    expect(comparePaired([2, undefined, 4, 6], [1, 2, 2, undefined], 1)).toMatchObject({ rounds: 2 });
  });

  it(
    'calls a difference where there is none in at most 5 of 100, and its interval covers in 95',
    { timeout: 60_000 },
    () => {
      const random = seededRandom(7);
      const trials = 600;
      for (const rounds of [6, 10]) {
        let falseClaims = 0;
        let covered = 0;
        for (let trial = 0; trial < trials; trial++) {
          const under = Array.from({ length: rounds }, () => 100 * Math.exp(0.3 * normal(random)));
          const over = under.map((value) => value * 1.1 * Math.exp(0.05 * normal(random)));
          const { p } = comparePaired(
            over,
            under.map((value) => value * 1.1),
            1,
          )!;
          if (p < 0.05) falseClaims++;
          const { low, high } = comparePaired(over, under, 1)!;
          if (low <= 1.1 && high >= 1.1) covered++;
        }
        // Three standard errors of a share of 5 % in 600 trials are 2.7 %.
        expect(falseClaims / trials).toBeLessThan(0.077);
        expect(falseClaims / trials).toBeGreaterThan(0.015); // nor is it too careful to find anything
        expect(covered / trials).toBeGreaterThan(0.923);
        expect(covered / trials).toBeLessThan(0.985);
      }
    },
  );
});

describe('Holm’s adjustment', () => {
  it('multiplies the smallest by the number of comparisons, and so on, and never falls', () => {
    expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holmAdjusted([0.5, 0.9])).toEqual([1, 1]);
    expect(holmAdjusted([])).toEqual([]);
  });

  it('keeps the chance of any false claim among 21 pairs below 5 %', () => {
    const random = seededRandom(3);
    const trials = 2_000;
    let any = 0;
    for (let trial = 0; trial < trials; trial++) {
      const ps = Array.from({ length: 21 }, () => random());
      if (Math.min(...holmAdjusted(ps)) < 0.05) any++;
    }
    expect(any / trials).toBeLessThan(0.065);
    expect(any / trials).toBeGreaterThan(0.03);
  });
});

const series = (name: string, ...values: number[]) => ({
  name,
  points: values.map((value, index) => ({ at: [1, 2, 4][index]!, value })),
});

describe('crossovers of a sweep', () => {
  it('are between the points where the lead changes', () => {
    const [crossover, ...others] = crossoversOf([series('one', 100, 100, 100), series('other', 50, 90, 200)]);
    expect(others).toEqual([]);
    expect(crossover).toMatchObject({ before: 'one', after: 'other', from: 2, to: 4 });
    expect(crossover!.near).toBeGreaterThan(2);
    expect(crossover!.near).toBeLessThan(3);
  });

  it('are not where the lead is within the noise', () => {
    expect(crossoversOf([series('one', 100, 100, 100), series('other', 98, 103, 104)])).toEqual([]);
  });

  it('skip a point at which nobody leads', () => {
    expect(crossoversOf([series('one', 100, 100, 100), series('other', 50, 101, 200)])).toMatchObject([
      { from: 1, to: 4 },
    ]);
  });
});
