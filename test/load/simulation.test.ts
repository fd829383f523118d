import { describe, expect, it } from 'vitest';
import { readResults } from '../../load/results-file.ts';
import { analysisOf } from '../../load/statistics/analysis.ts';
import {
  falseClaimShare,
  falseCrossingShare,
  foundShare,
  leastFound,
  noiseOf,
} from '../../load/statistics/simulation.ts';

const results = await readResults(new URL('../../docs/evidence/compare-embedded', import.meta.url).pathname);
const { rows } = analysisOf(results);
const COMPARISONS = 1_000;
/** Two standard errors above the 5 % that is promised. */
const ALLOWED = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / COMPARISONS);

describe.for(results.workloads.map(({ name }) => name))('with the noise recorded in %s', (workload) => {
  const simulation = {
    noise: noiseOf(rows.filter((row) => row.workload === workload)),
    rounds: 6,
    comparisons: COMPARISONS,
    seed: 3,
  };

  it.for([2, 5])('of %i that are the same, anything is claimed in at most 5 of 100 comparisons', (candidates) => {
    expect(falseClaimShare({ ...simulation, candidates })).toBeLessThanOrEqual(ALLOWED);
  });

  it('six that are the same do not cross in a sweep', () => {
    expect(falseCrossingShare({ ...simulation, candidates: 6, comparisons: 300 }, 4)).toBeLessThanOrEqual(0.05);
  });
});

describe('with the noise recorded in counters-write-through', () => {
  const simulation = {
    noise: noiseOf(rows.filter(({ workload }) => workload === 'counters-write-through')),
    candidates: 5,
    rounds: 6,
    comparisons: 400,
    seed: 3,
  };

  it('a ratio of 1.2 in throughput is found in four of five comparisons of six rounds', () => {
    expect(foundShare(simulation, 'throughput', 1.2)).toBeGreaterThanOrEqual(0.8);
  });

  it('the smallest ratio that is found is named', () => {
    const found = leastFound(simulation, 'cpu', { ratios: [1.05, 1.1, 1.2, 1.4], power: 0.8 });
    expect([1.2, 1.4]).toContain(found);
  });
});
