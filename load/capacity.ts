/**
 * The highest rate that a strategy serves within the SLO: up by half until it fails, then by bisection to 10 %, then
 * once more to confirm. Never above what the generator can do: where it is late, nothing more is learnt of the service.
 */
import type { CellResult } from './cell.ts';
import { LIMITS } from './validity.ts';

/** One rate that was tried. */
export interface Probe {
  readonly ratePerSecond: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Why it does not count as served; empty when it does. */
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
  /** Whatever it shows is the generator's. */
  readonly generatorLate?: boolean;
}

export interface Capacity {
  /** The highest rate that passed, and was confirmed unless the search was stopped; undefined when none was. */
  readonly passedPerSecond: number | undefined;
  /** The lowest rate above it that failed; undefined where the generator's limit came first. */
  readonly failedPerSecond: number | undefined;
  /** Why the search ended before its end, where it did. */
  readonly stopped?: 'the generator was late' | 'its time was over';
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
  const valid = measured !== undefined && measured.measurement.dropped === 0 && measured.proof.holds;
  return {
    ratePerSecond: profile.ratePerSecond,
    p50Ms: valid ? measured.measurement.e2e?.p50 : undefined,
    p99Ms: valid ? measured.measurement.e2e?.p99 : undefined,
    reasons: reasonsAgainst(result),
    flags: measured?.flags ?? [],
    generatorLate: measured !== undefined && isLate(measured),
  };
}

function isLate({ conditions: { lagP99Ms = 0, unstartedShare } }: NonNullable<CellResult['measured']>): boolean {
  return lagP99Ms > LIMITS.lagP99Ms || unstartedShare > LIMITS.unstartedShare;
}

/** Searches with any way of trying a rate, which tries none where there is no time left for it. */
export async function searchCapacity(
  startPerSecond: number,
  limitPerSecond: number,
  tryRate: (ratePerSecond: number) => Promise<Probe | undefined>,
): Promise<Capacity> {
  const probes: Probe[] = [];
  let stopped: Capacity['stopped'];
  const passes = async (ratePerSecond: number): Promise<boolean> => {
    const probe = await tryRate(ratePerSecond);
    if (probe === undefined) stopped = 'its time was over';
    else probes.push(probe);
    if (probe?.generatorLate === true) stopped = 'the generator was late';
    return probe?.reasons.length === 0;
  };
  let passed: number | undefined;
  let failed: number | undefined;
  let rate = Math.min(startPerSecond, limitPerSecond);
  while (probes.length < MAX_PROBES) {
    const isServed = await passes(rate);
    if (stopped !== undefined) break;
    if (isServed) passed = rate;
    else failed = rate;
    const next = nextRate(passed, failed, limitPerSecond);
    if (next !== undefined) {
      rate = next;
      continue;
    }
    if (passed === undefined || (await passes(passed)) || stopped !== undefined) break;
    // What passed once by luck does not count: on below it.
    failed = passed;
    passed = highestBelow(probes, failed);
    const lower = nextRate(passed, failed, limitPerSecond);
    if (lower === undefined && passed === undefined) break;
    rate = lower ?? passed!;
  }
  return { passedPerSecond: passed, failedPerSecond: failed, probes, ...(stopped === undefined ? {} : { stopped }) };
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
