import { describe, expect, it } from 'vitest';
import { readResults } from '../../load/results-file.ts';
import { seededRandom } from '../../load/seeded-random.ts';
import { rowsOf } from '../../load/statistics/rows.ts';
import {
  falseClaimShare,
  falseCrossingShare,
  foundShare,
  leastFound,
  noiseOf,
} from '../../load/statistics/simulation.ts';
import { normal } from '../support/normal.ts';

const {
  cells,
  candidates: order,
  workloads,
} = await readResults(new URL('../../docs/evidence/compare-embedded', import.meta.url).pathname);
const rows = rowsOf(cells, order);
const COMPARISONS = 1_000;
/** Two standard errors above the 5 % that is promised. */
const ALLOWED = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / COMPARISONS);

describe.for(workloads.map(({ name }) => name))('with the noise recorded in %s', (workload) => {
  const simulation = {
    noise: noiseOf(rows.filter((row) => row.workload === workload)),
    rounds: 6,
    comparisons: COMPARISONS,
    seed: 3,
  };

  it.for([2, 5])('of %i that are the same, anything is claimed in at most 5 of 100 comparisons', (candidates) => {
    expect(falseClaimShare({ ...simulation, candidates })).toBeLessThanOrEqual(ALLOWED);
  });

  it('of six that are the same but for their noise, no more', () => {
    expect(falseClaimShare({ ...simulation, candidates: 6, ownNoise: true })).toBeLessThanOrEqual(ALLOWED);
  });

  it('six that are the same do not cross in a sweep', () => {
    expect(falseCrossingShare({ ...simulation, candidates: 6, comparisons: 300 }, 4)).toBeLessThanOrEqual(0.05);
  });
});

/** That of throughputs on a machine of two cores. */
const random = seededRandom(4);
const throughput = Array.from({ length: 5 }, () => Array.from({ length: 6 }, () => 0.06 * normal(random)));
const quiet = { noise: { throughput }, candidates: 5, rounds: 6, comparisons: 400, seed: 3 };

describe('with a noise of 6 %', () => {
  it('a ratio of 1.2 is found in four of five comparisons of six rounds', () => {
    expect(foundShare(quiet, 'throughput', 1.2)).toBeGreaterThanOrEqual(0.8);
  });

  it('the smallest ratio that is found is named', () => {
    expect(leastFound(quiet, 'throughput', { ratios: [1.4, 1.05, 1.2], power: 0.8 })).toBe(1.2);
  });
});
