/** Runs of the comparison as the tests need them: a recorded k6 summary, and results made of it. */
import { readFileSync } from 'node:fs';
import { parseSummary, readSummary, type Measurement } from '../../load/k6/summary.ts';
import type { CellResult } from '../../load/cell.ts';
import type { Candidate } from '../../load/registry.ts';
import { countersProof } from '../../load/workloads/counters.ts';
import { outcomesOf } from '../../load/workloads/tallies.ts';
import type { LoadProfile } from '../../load/scenarios/profile.ts';

/** The profile that `test/load/fixtures/k6-summary.json` was recorded with. */
export const recordedProfile: LoadProfile = {
  ratePerSecond: 300,
  warmupSeconds: 1,
  measureSeconds: 4,
  closedSeconds: 1,
  closedVus: 10,
  bystanderRatePerSecond: 50,
  keys: 2,
  sloMs: 50,
  seed: 1,
  arrivals: 'even',
  arrivalSeed: 1,
};

export const recordedSummary = readFileSync(new URL('../load/fixtures/k6-summary.json', import.meta.url), 'utf8');

export function recordedMeasurement(): Measurement {
  return readSummary(parseSummary(recordedSummary), recordedProfile);
}

/** What became of the increments of each of the two keys. */
export const recordedBuckets = [0, 1].map((bucket) => outcomesOf(recordedMeasurement().tallies, `bucket_${bucket}`));

/** What the service had stored after the recorded run. */
export const recordedStored = recordedBuckets.map(({ acknowledged }) => acknowledged);

export function candidate(name: string, kind: Candidate['kind'], more: Partial<Candidate> = {}): Candidate {
  return { name, strategy: name, kind, summary: `how ${name} shares state`, resources: ['counters'], ...more };
}

export const candidates: readonly Candidate[] = [
  candidate('sync-lock', 'strategy'),
  candidate('async-lock', 'strategy'),
  candidate('single-thread', 'baseline', { threads: 1 }),
  candidate('unguarded', 'control'),
  candidate('atomic', 'floor'),
];

/** A cell's result out of the recorded run, with what a test changes about it. */
export function resultOf(
  name: string,
  {
    round = 1,
    measurement = {},
    stored = recordedStored,
    flags = [],
    ...identity
  }: {
    round?: number;
    measurement?: Partial<Measurement>;
    stored?: readonly number[];
    flags?: readonly string[];
  } & Partial<Pick<CellResult, 'workload' | 'profile' | 'point'>> = {},
): CellResult {
  const { kind, threads = 2 } = candidates.find((item) => item.name === name) ?? candidate(name, 'strategy');
  const { tallies: _tallies, ...recorded } = recordedMeasurement();
  return {
    round,
    workload: 'counters-hot',
    strategy: name,
    kind,
    threads,
    profile: recordedProfile,
    startedAt: '2026-11-23T00:00:00.000Z',
    attempts: 1,
    ...identity,
    measured: {
      measurement: { ...recorded, schedLagP99Ms: 0.4, ...measurement },
      proof: countersProof(recordedBuckets, stored),
      cpuUsPerRequest: 100 * round,
      conditions: { foreignCores: 0, stealShare: 0, busyShare: 0.3, lagP99Ms: 0.4, unstartedShare: 0 },
      flags,
      service: {},
    },
  };
}
