/**
 * Whether random arrivals do to a service what theory says: one that serves a request after the other, each for as long,
 * is held against M/D/1, and against what such a server would have made of these very arrivals.
 */
import { quantileSorted } from 'simple-statistics';
import { measureCell, type CellContext, type SentArrivals } from './cell.ts';
import { ServiceError } from './errors.ts';
import { sojournQuantileMd1 } from './md1.ts';
import type { PlannedCell } from './plan.ts';
import { scheduleOf } from './scenarios/durations.ts';
import type { LoadProfile } from './scenarios/profile.ts';
import { neededWindowSeconds } from './window.ts';

/** In milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface KnownQueueRun {
  /** Of the capacity. */
  readonly load: number;
  readonly ratePerSecond: number;
  readonly windowSeconds: number;
  readonly sent: SentArrivals | undefined;
  readonly seen: Quantiles;
  /** What the server would have made of these arrivals. */
  readonly computed: Quantiles;
  /** What it would make of such arrivals for ever. */
  readonly theory: Quantiles;
  readonly flags: readonly string[];
}

const WARMUP_SECONDS = 5;
/** Of the capacity itself: long enough for a thousand answers of 5 ms. */
const CLOSED_SECONDS = 5;

/**
 * @param cell a service that serves one request after the other
 * @throws {ServiceError} it could not be measured
 */
export async function measureKnownQueue(
  cell: PlannedCell,
  loads: readonly number[],
  context: CellContext,
): Promise<{ readonly capacityPerSecond: number; readonly runs: readonly KnownQueueRun[] }> {
  const idle = { ...cell.profile, ratePerSecond: 20, measureSeconds: 2, closedSeconds: CLOSED_SECONDS };
  const capacityPerSecond = (await measured({ ...cell, profile: idle }, context)).measurement.closedPerSecond!;
  const runs: KnownQueueRun[] = [];
  for (const load of loads) {
    const ratePerSecond = Math.round(load * capacityPerSecond);
    const windowSeconds = Math.ceil(neededWindowSeconds(ratePerSecond, capacityPerSecond));
    context.say(`${ratePerSecond}/s of ${Math.round(capacityPerSecond)}/s for ${windowSeconds} s`);
    const profile: LoadProfile = {
      ...cell.profile,
      ratePerSecond,
      warmupSeconds: WARMUP_SECONDS,
      measureSeconds: windowSeconds,
      closedSeconds: 0,
      bystanderRatePerSecond: 1,
    };
    const { measurement, sent, flags } = await measured({ ...cell, profile }, context);
    const serviceMs = 1000 / capacityPerSecond;
    const theoryMs = (quantile: number): number => sojournQuantileMd1(load, quantile) * serviceMs;
    runs.push({
      load,
      ratePerSecond,
      windowSeconds,
      sent,
      seen: { p50: measurement.e2e!.p50, p99: measurement.e2e!.p99 },
      computed: computedQuantiles(profile, serviceMs),
      theory: { p50: theoryMs(0.5), p99: theoryMs(0.99) },
      flags,
    });
  }
  return { capacityPerSecond, runs };
}

async function measured(cell: PlannedCell, context: CellContext) {
  const { measured: found, error } = await measureCell(cell, context, 2);
  if (found?.measurement.e2e === undefined || found.measurement.dropped > 0) {
    throw new ServiceError(
      error ?? `at ${cell.profile.ratePerSecond}/s arrivals were dropped, or nothing was answered`,
    );
  }
  return found;
}

/** Times in one server that takes `serviceMs` for each, of the arrivals of the measured part. */
export function computedQuantiles(profile: LoadProfile, serviceMs: number): Quantiles {
  let freeAtMs = 0;
  const times = scheduleOf(profile).open.dueSeconds.flatMap((dueSeconds) => {
    freeAtMs = Math.max(freeAtMs, dueSeconds * 1000) + serviceMs;
    return dueSeconds < profile.warmupSeconds ? [] : [freeAtMs - dueSeconds * 1000];
  });
  times.sort((a, b) => a - b);
  return { p50: quantileSorted(times, 0.5), p99: quantileSorted(times, 0.99) };
}

const TOLERANCE = 0.1;

/** Within 10 % of what was computed for these arrivals, and the way there and back. */
export function agreesWith({ seen, computed }: Pick<KnownQueueRun, 'seen' | 'computed'>, wayMs: number): boolean {
  return (['p50', 'p99'] as const).every(
    (name) => seen[name] >= computed[name] * (1 - TOLERANCE) && seen[name] <= computed[name] * (1 + TOLERANCE) + wayMs,
  );
}

/** Gaps and bursts as a Poisson process has them, within 10 % and the chance of so few bins. */
export function isPoisson({ gapVariation, countDispersion }: SentArrivals, windowSeconds: number): boolean {
  const chance = 2 * Math.sqrt(2 / (windowSeconds * 4)); // of a variance over so many bins, two standard errors
  return Math.abs(gapVariation - 1) <= TOLERANCE && Math.abs(countDispersion - 1) <= Math.max(TOLERANCE, chance);
}
