/** Reads k6's default summary object. Pure, so that recorded output tests it. */
import { z } from 'zod';
import { K6RunError } from '../errors.ts';
import { arrivalCount, metricNames, sliceCount, type LoadProfile } from '../scenarios/profile.ts';
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

/** One slice of the measured part, for the series over time. */
export interface Slice {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** Mean milliseconds per request, of the answers whose Server-Timing was read. */
export interface Parts {
  readonly wait: number;
  readonly hold: number;
  readonly origin: number;
  /** From the last byte sent to the last byte received. */
  readonly total: number;
}

/** What one run of k6 saw. */
export interface Measurement {
  /** Undefined when nothing was answered correctly in the measured part. */
  readonly e2e: Distribution | undefined;
  /** By how much the generator sent later than was due, after its sleep. */
  readonly schedLagP99Ms: number;
  readonly bystander: Distribution | undefined;
  /** The probe beside the closed loop. */
  readonly bystanderClosed: Distribution | undefined;
  /** Arrivals for which no VU was free; any makes the latencies of the run worthless. */
  readonly dropped: number;
  /** Arrivals that k6 itself did not get to, without counting them as dropped: it was starved of CPU at the end. */
  readonly unstarted: number;
  readonly bystanderDropped: number;
  /** Undefined where there was no closed loop. */
  readonly closedPerSecond: number | undefined;
  /** Correct answers within the SLO, per second of the measured part. */
  readonly goodputPerSecond: number;
  /** Medians of the first and of the last third of the measured part: a queue that grows shows here. */
  readonly thirdsP50Ms: readonly [first: number | undefined, last: number | undefined];
  readonly slices: readonly Slice[];
  /** Undefined where the service does not say. */
  readonly parts: Parts | undefined;
  readonly requestsMeasured: number;
  /** From when due times count: the warm-up begins here. */
  readonly openStartedUnixMs: number;
  /** Every counter that the scenario keeps for its proof, over all phases. */
  readonly tallies: Readonly<Record<string, number>>;
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

  const expected = arrivalCount(profile);
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
    e2e: distribution(summary, e2eOf('phase:measure')),
    schedLagP99Ms: value(`${metricNames.schedLag}{phase:measure}`, 'p(99)') ?? 0,
    bystander: distribution(summary, `${metricNames.bystander}{phase:measure}`),
    bystanderClosed: distribution(summary, `${metricNames.bystander}{phase:closed}`),
    dropped,
    unstarted,
    bystanderDropped: count('dropped_iterations{scenario:bystander}'),
    closedPerSecond: profile.closedSeconds > 0 ? count(metricNames.closedDone) / profile.closedSeconds : undefined,
    goodputPerSecond: count(metricNames.withinSlo) / profile.measureSeconds,
    thirdsP50Ms: [value(e2eOf('third:0'), 'med'), value(e2eOf('third:2'), 'med')],
    slices: Array.from({ length: sliceCount(profile) }, (_, slice) => ({
      count: count(e2eOf(`slice:${slice}`)),
      p50: value(e2eOf(`slice:${slice}`), 'med') ?? 0,
      p99: value(e2eOf(`slice:${slice}`), 'p(99)') ?? 0,
    })),
    parts: partsOf(summary),
    requestsMeasured:
      count('http_reqs{phase:measure}') + (value(`${metricNames.bystander}{phase:measure}`, 'count') ?? 0),
    openStartedUnixMs,
    tallies: talliesOf(summary),
  };
}

function talliesOf(summary: SummaryData): Record<string, number> {
  const entries = Object.entries(summary.metrics).flatMap(([name, metric]) =>
    /^(?:attempted|acknowledged|refused|version|messages)_\w+$/u.test(name)
      ? [[name, metric?.values['count'] ?? 0]]
      : [],
  );
  return Object.fromEntries(entries);
}

function e2eOf(tag: string): string {
  return `${metricNames.e2e}{${tag}}`;
}

/** The trends are there and empty when no answer carried the header. */
function partsOf(summary: SummaryData): Parts | undefined {
  const [wait, hold, origin, total] = (['wait', 'hold', 'origin', 'total'] as const).map(
    (name) => summary.metrics[metricNames.part(name)]?.values['avg'],
  );
  if (wait === undefined || hold === undefined || origin === undefined || !total) return undefined;
  return { wait, hold, origin, total };
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
