/** Runs of the comparison as the tests need them: a recorded k6 summary, and results made of it. */
import { readFileSync } from 'node:fs';
import { parseSummary, readSummary, type Measurement } from '../../load/k6/summary.ts';
import type { CellResult } from '../../load/measure-cell.ts';
import type { Candidate } from '../../load/plan.ts';
import { proofOf } from '../../load/proof.ts';
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
  seed: 1,
};

export const recordedSummary = readFileSync(new URL('../load/fixtures/k6-summary.json', import.meta.url), 'utf8');

export function recordedMeasurement(): Measurement {
  return readSummary(parseSummary(recordedSummary), recordedProfile);
}

/** What the service had stored after the recorded run. */
export const recordedStored = recordedMeasurement().buckets.map(({ acknowledged }) => acknowledged);

export function candidate(name: string, kind: Candidate['kind'], more: Partial<Candidate> = {}): Candidate {
  return { name, kind, summary: `how ${name} shares state`, unsupported: {}, ...more };
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
  }: { round?: number; measurement?: Partial<Measurement>; stored?: readonly number[] } = {},
): CellResult {
  const { kind, threads = 2 } = candidates.find((item) => item.name === name)!;
  const recorded = recordedMeasurement();
  return {
    round,
    workload: 'counters-hot',
    strategy: name,
    kind,
    threads,
    profile: recordedProfile,
    startedAt: '2026-11-23T00:00:00.000Z',
    measured: {
      measurement: { ...recorded, ...measurement },
      proof: proofOf(recorded.buckets, stored),
      cpuUsPerRequest: 100 * round,
    },
  };
}
