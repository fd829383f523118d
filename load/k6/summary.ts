/** Reads k6's default summary object. Pure, so that recorded output tests it. */
import { z } from 'zod';
import { K6RunError } from '../errors.ts';
import { bucketCount, metricNames, type LoadProfile } from '../scenarios/profile.ts';
import { durationsOf } from '../scenarios/durations.ts';
import type { SummaryData } from '../scenarios/summary-output.ts';

/** A distribution of times in ms. k6 keeps every value, so the percentiles are exact. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** By percentile, such as "99.9", for the whole curve. */
  readonly percentiles: Readonly<Record<string, number>>;
}

/** How the increments of one bucket of keys were answered, over all phases. */
export interface BucketCounts {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly refused: number;
}

/** What one run of k6 saw. */
export interface Measurement {
  /** Undefined when nothing was acknowledged in the measured part. */
  readonly e2e: Distribution | undefined;
  readonly schedLagP99Ms: number;
  readonly bystander: Distribution | undefined;
  /** The probe beside the closed loop. */
  readonly bystanderClosed: Distribution | undefined;
  /** Arrivals for which no VU was free; any makes the latencies of the run worthless. */
  readonly dropped: number;
  /** Arrivals that k6 itself did not get to, without counting them as dropped: it was starved of CPU at the end. */
  readonly unstarted: number;
  readonly bystanderDropped: number;
  readonly closedPerSecond: number | undefined;
  readonly buckets: readonly BucketCounts[];
  readonly requestsMeasured: number;
  readonly openStartedUnixMs: number;
}

/** Of all arrivals, the share above which a run was not late but cut short. */
const MAX_UNSTARTED_SHARE = 0.1;

const summarySchema = z.object({
  metrics: z.record(z.string(), z.object({ values: z.record(z.string(), z.number()) })),
});

/**
 * The part of k6's JSON that is read.
 *
 * @throws {Error} it has another shape than the supported versions write
 */
export function parseSummary(json: string): SummaryData {
  return summarySchema.parse(JSON.parse(json));
}

/**
 * Takes the figures out of a summary.
 *
 * @throws {K6RunError} k6 did not do what the profile asks for, so nothing in the summary can be used
 */
export function readSummary(summary: SummaryData, profile: LoadProfile): Measurement {
  const value = (metric: string, name: string) => summary.metrics[metric]?.values[name];
  const count = (metric: string) => value(metric, 'count') ?? 0;

  const expected = profile.ratePerSecond * durationsOf(profile).openSeconds;
  const dropped = count('dropped_iterations{scenario:open}');
  const started = count('iterations{scenario:open}');
  const unstarted = Math.max(0, expected - started - dropped);
  if (unstarted > expected * MAX_UNSTARTED_SHARE) {
    throw new K6RunError(
      `k6 completed ${started} of ${expected} iterations and dropped ${dropped}; the run was cut short`,
    );
  }
  const openStartedUnixMs = value(metricNames.openStarted, 'value');
  if (openStartedUnixMs === undefined) throw new K6RunError("k6's summary does not say when the open scenario started");

  return {
    e2e: distribution(summary, `${metricNames.e2e}{phase:measure}`),
    schedLagP99Ms: value(`${metricNames.schedLag}{phase:measure}`, 'p(99)') ?? 0,
    bystander: distribution(summary, `${metricNames.bystander}{phase:measure}`),
    bystanderClosed: distribution(summary, `${metricNames.bystander}{phase:closed}`),
    dropped,
    unstarted,
    bystanderDropped: count('dropped_iterations{scenario:bystander}'),
    closedPerSecond: profile.closedSeconds > 0 ? count(metricNames.closedDone) / profile.closedSeconds : undefined,
    buckets: Array.from({ length: bucketCount(profile.keys) }, (_, bucket) => ({
      attempted: count(metricNames.attempted(bucket)),
      acknowledged: count(metricNames.acknowledged(bucket)),
      refused: count(metricNames.refused(bucket)),
    })),
    requestsMeasured:
      count('http_reqs{phase:measure}') + (value(`${metricNames.bystander}{phase:measure}`, 'count') ?? 0),
    openStartedUnixMs,
  };
}

function distribution(summary: SummaryData, metric: string): Distribution | undefined {
  const values = summary.metrics[metric]?.values;
  if (values === undefined || !values['count']) return undefined;
  const percentiles: Record<string, number> = {};
  for (const [name, value] of Object.entries(values)) {
    const percentile = /^p\(([\d.]+)\)$/u.exec(name)?.[1];
    if (percentile !== undefined) percentiles[percentile] = value;
  }
  return {
    count: values['count'],
    p50: percentiles['50']!,
    p95: percentiles['95']!,
    p99: percentiles['99']!,
    max: values['max']!,
    percentiles,
  };
}
