/** Results as a comparison would leave them, with figures that are made up: for the statistics, the report and its plots. */
import { probeOf, searchCapacity, type Probe } from '../../load/capacity.ts';
import type { CellResult } from '../../load/cell.ts';
import { seededRandom } from '../../load/seeded-random.ts';
import type { CapacityResult, Results } from '../../load/results-file.ts';
import { candidate, recordedMeasurement, recordedProfile, recordedStored, resultOf } from './recorded.ts';

interface Shape {
  readonly name: string;
  readonly kind: CellResult['kind'];
  readonly perSecond: number;
  readonly p50: number;
}

const shapes: readonly Shape[] = [
  { name: 'sync-lock', kind: 'strategy', perSecond: 7_300, p50: 6.1 },
  { name: 'async-lock', kind: 'strategy', perSecond: 188, p50: 6.3 },
  { name: 'sharded', kind: 'strategy', perSecond: 7_250, p50: 6.1 },
  { name: 'actor', kind: 'strategy', perSecond: 5_600, p50: 6.4 },
  { name: 'snapshot', kind: 'strategy', perSecond: 7_000, p50: 6.2 },
  { name: 'single-thread', kind: 'baseline', perSecond: 7_100, p50: 6.0 },
  { name: 'unguarded', kind: 'control', perSecond: 7_400, p50: 6.0 },
];

const workload = 'counters-write-through';

/** @param rounds how many; all strategies in each */
export function sampleResults(rounds: number, more: Partial<Results> = {}): Results {
  const random = seededRandom(5);
  const about = (value: number) => value * (1 + (random() - 0.5) * 0.04);
  const { e2e } = recordedMeasurement();
  const cells = Array.from({ length: rounds }, (_, index) =>
    shapes.map(({ name, kind, perSecond, p50 }) => {
      const factor = about(p50) / e2e!.p50;
      const percentiles = Object.fromEntries(
        Object.entries(e2e!.percentiles).map(([percentile, value]) => [percentile, Math.min(80, value * factor)]),
      );
      const stored = kind === 'control' ? recordedStored.map((value) => value - 20) : recordedStored;
      const result = resultOf(name, {
        round: index + 1,
        workload,
        stored,
        flags: name === 'actor' && index === 1 ? ['other programs ran (0.40 cores)'] : [],
        measurement: {
          closedPerSecond: about(perSecond),
          e2e: { ...e2e!, percentiles, p50: p50 * about(1), p95: p50 * about(1.2), p99: p50 * about(1.4) },
          slices: Array.from({ length: 6 }, () => ({ count: 200, p50: about(p50), p99: about(p50 * 1.4) })),
          bystander: { ...e2e!, p99: about(1.6) },
          parts: {
            wait: name === 'async-lock' ? 2 : 0.01,
            hold: name === 'async-lock' ? 5.05 : 0.02,
            origin: 5,
            total: name === 'async-lock' ? 7.5 : 6,
          },
        },
      });
      return { ...result, kind, measured: { ...result.measured!, cpuUsPerRequest: about(320) } };
    }),
  ).flat();
  return {
    format: 2,
    status: 'complete',
    startedAt: '2026-11-24T00:00:00.000Z',
    endedAt: '2026-11-24T00:30:00.000Z',
    command: 'npm run compare -- --profile standard --seed 5',
    machine: { cpu: 'a processor', cores: 2, memoryGb: 24, platform: 'linux x64', node: '26.10.0' },
    k6: { path: '.tools/k6', source: '.tools/k6', version: '2.2.0' },
    origin: 'embedded, 5 ms',
    profile: rounds >= 6 ? 'standard' : 'quick',
    rounds,
    threads: 2,
    sloMs: 50,
    seed: 5,
    plannedRuns: cells.length,
    workloads: [{ name: workload, summary: 'increments stored by an origin', unit: 'increments', keys: 16 }],
    candidates: shapes.map(({ name, kind }) => candidate(name, kind)),
    calibration: {
      limitPerSecond: 2_000,
      reliable: true,
      floorP50Ms: 0.3,
      floorP99Ms: 1.1,
      idleBystanderP99Ms: 0.9,
      ceilingPerSecond: 12_000,
      tried: [{ ratePerSecond: 2_000, lagP99Ms: 0.8, onTime: true }],
    },
    cells,
    capacities: [],
    ...more,
  };
}

/** Searches as they would go for servers of these capacities. */
export async function sampleCapacities(): Promise<CapacityResult[]> {
  const random = seededRandom(9);
  return await Promise.all(
    shapes
      .filter(({ kind }) => kind !== 'control')
      .map(async ({ name, perSecond, p50 }) => {
        const capacity = await searchCapacity(150, 2_000, async (rate) =>
          probeAt(rate, perSecond, p50 * (1 + random() * 0.1)),
        );
        return { round: 1, workload, strategy: name, done: true, ...capacity };
      }),
  );
}

/** A queue that grows without bound near its capacity, and drops beyond it. */
function probeAt(ratePerSecond: number, perSecond: number, p50: number): Probe {
  const load = ratePerSecond / perSecond;
  const p99 = load < 1 ? p50 * (1 + load / (1 - load)) : 1_000;
  const { e2e } = recordedMeasurement();
  const profile = { ...recordedProfile, ratePerSecond, sloMs: 50 };
  const count = ratePerSecond * recordedProfile.measureSeconds;
  const measurement = { e2e: { ...e2e!, count, p99 }, dropped: load < 1 ? 0 : 10, thirdsP50Ms: [p50, p50] as const };
  return probeOf(resultOf('sync-lock', { profile, measurement }));
}
