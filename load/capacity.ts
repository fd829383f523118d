/**
 * The highest rate that a strategy serves within the SLO: up by half until it fails, then by bisection to 10 %, then
 * once more to confirm. Never above what the generator can do.
 */
import type { CellResult } from './cell.ts';

/** One rate that was tried. */
export interface Probe {
  readonly ratePerSecond: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Why it does not count as served; empty when it does. */
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
}

export interface Capacity {
  /** The highest rate that passed and was confirmed; undefined when none was. */
  readonly passedPerSecond: number | undefined;
  /** The lowest rate above it that failed; undefined where the generator's limit came first. */
  readonly failedPerSecond: number | undefined;
  /** In the order in which they were tried. */
  readonly probes: readonly Probe[];
}

const STEP = 1.5;
const RESOLUTION = 1.1;
const MAX_PROBES = 20;
const LEAST_PER_SECOND = 5;

const MAX_FAILED_SHARE = 0.001;
const MIN_COMPLETED_SHARE = 0.99;
const MAX_GROWTH = 1.5;
/** Medians differ by so much from one third to the next without any queue. */
const GROWTH_FLOOR_MS = 1;

/** Why a run is not one that its service can keep up; empty when it is. */
export function reasonsAgainst({ measured, error, profile }: CellResult): string[] {
  if (measured === undefined) return [error?.split('\n')[0] ?? 'not measured'];
  const { measurement, proof } = measured;
  const { e2e, dropped, thirdsP50Ms } = measurement;
  const [first = 0, last = 0] = thirdsP50Ms;
  const failed = proof.refused + proof.unknown;
  const expected = profile.ratePerSecond * profile.measureSeconds;
  const p99 = e2e?.p99 ?? Number.POSITIVE_INFINITY;
  return [
    ...(dropped > 0 ? [`${dropped} arrivals dropped`] : []),
    ...(p99 > profile.sloMs ? [`p99 ${p99.toFixed(1)} ms is over ${profile.sloMs} ms`] : []),
    ...(failed > MAX_FAILED_SHARE * (failed + proof.acknowledged) ? [`${failed} requests failed`] : []),
    ...(proof.holds ? [] : ['the proof failed']),
    ...((e2e?.count ?? 0) < MIN_COMPLETED_SHARE * expected ? ['not all arrivals were answered'] : []),
    ...(last > first * MAX_GROWTH && last - first > GROWTH_FLOOR_MS ? ['the queue grew'] : []),
  ];
}

export function probeOf(result: CellResult): Probe {
  const { measured, profile } = result;
  const valid = measured !== undefined && measured.measurement.dropped === 0;
  return {
    ratePerSecond: profile.ratePerSecond,
    p50Ms: valid ? measured.measurement.e2e?.p50 : undefined,
    p99Ms: valid ? measured.measurement.e2e?.p99 : undefined,
    reasons: reasonsAgainst(result),
    flags: measured?.flags ?? [],
  };
}

/** Searches with any way of trying a rate. */
export async function searchCapacity(
  startPerSecond: number,
  limitPerSecond: number,
  tryRate: (ratePerSecond: number) => Promise<Probe>,
): Promise<Capacity> {
  const probes: Probe[] = [];
  const passes = async (ratePerSecond: number): Promise<boolean> => {
    const probe = await tryRate(ratePerSecond);
    probes.push(probe);
    return probe.reasons.length === 0;
  };
  let passed: number | undefined;
  let failed: number | undefined;
  let rate = Math.min(startPerSecond, limitPerSecond);
  while (probes.length < MAX_PROBES) {
    if (await passes(rate)) passed = rate;
    else failed = rate;
    const next = nextRate(passed, failed, limitPerSecond);
    if (next !== undefined) {
      rate = next;
      continue;
    }
    if (passed === undefined || (await passes(passed))) break;
    // What passed once by luck does not count: on below it.
    failed = passed;
    passed = highestBelow(probes, failed);
    const lower = nextRate(passed, failed, limitPerSecond);
    if (lower === undefined && passed === undefined) break;
    rate = lower ?? passed!;
  }
  return { passedPerSecond: passed, failedPerSecond: failed, probes };
}

/** Where to try next; undefined when the answer is known to 10 %, or up to the generator's limit. */
function nextRate(passed: number | undefined, failed: number | undefined, limit: number): number | undefined {
  if (failed === undefined) return passed! >= limit ? undefined : Math.min(limit, Math.round(passed! * STEP));
  if (passed === undefined) {
    const lower = Math.round(failed / STEP);
    return lower < LEAST_PER_SECOND ? undefined : lower;
  }
  return failed / passed <= RESOLUTION ? undefined : Math.round(Math.sqrt(failed * passed));
}

function highestBelow(probes: readonly Probe[], ratePerSecond: number): number | undefined {
  const failing = new Set(probes.flatMap((probe) => (probe.reasons.length > 0 ? [probe.ratePerSecond] : [])));
  const kept = probes.map((probe) => probe.ratePerSecond).filter((rate) => rate < ratePerSecond && !failing.has(rate));
  return kept.length === 0 ? undefined : Math.max(...kept);
}
