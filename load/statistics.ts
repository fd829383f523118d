/** From runs to rows: one row per workload and strategy, the median over rounds of each round's own percentile. */
import { median } from 'simple-statistics';
import type { Distribution, Measurement } from './k6/summary.ts';
import type { CellResult } from './measure-cell.ts';
import { P99_MIN_SAMPLES } from './scenarios/profile.ts';

/** Why a row has no latency: a number there would say something that was not measured. */
export type Withheld = 'saturated' | 'proof failed' | 'errors' | 'not measured';

export interface Row {
  readonly workload: string;
  readonly strategy: string;
  readonly kind: CellResult['kind'];
  readonly threads: number;
  readonly rounds: number;
  /** Of the closed loop; undefined when withheld. */
  readonly throughputPerSecond: number | undefined;
  /** p99 is undefined below 1,000 samples a round. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly p99: number | undefined } | Withheld;
  readonly bystanderP99Ms: number | undefined;
  readonly cpuUsPerRequest: number | undefined;
  readonly dropped: number;
  /** Increments refused or left without a definite answer, in all phases and rounds. */
  readonly failedRequests: number;
  readonly lost: number;
  readonly extra: number;
  /** In some round k6 itself was late by more than 5 ms at its p99, or did not get to 1 % of the arrivals. */
  readonly generatorLate: boolean;
  /** What went wrong with whole runs. */
  readonly errors: readonly string[];
}

/** Of answers other than 2xx, the share above which latencies are withheld: they would be those of the lucky ones. */
const MAX_FAILED_SHARE = 0.01;

const MAX_GENERATOR_LAG_MS = 5;
const MAX_UNSTARTED_SHARE = 0.01;

/** The median; undefined when there are no values, or any is missing. */
export function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 || present.length < values.length ? undefined : median(present);
}

/** The 99th percentile where there are samples enough to speak of one. */
export function p99Of(times: Distribution | undefined): number | undefined {
  return times !== undefined && times.count >= P99_MIN_SAMPLES ? times.p99 : undefined;
}

/** One row for each workload and strategy, in the order in which they first appear in `order`. */
export function rowsOf(results: readonly CellResult[], order: readonly { name: string }[]): Row[] {
  const byRow = Map.groupBy(results, ({ workload, strategy }) => `${workload} ${strategy}`);
  const rank = new Map(order.map(({ name }, index) => [name, index]));
  const workloadOrder = [...new Set(results.map(({ workload }) => workload))];
  return [...byRow.values()]
    .map(rowOf)
    .sort(
      (a, b) =>
        workloadOrder.indexOf(a.workload) - workloadOrder.indexOf(b.workload) ||
        (rank.get(a.strategy) ?? 0) - (rank.get(b.strategy) ?? 0),
    );
}

function rowOf(results: readonly CellResult[]): Row {
  const { workload, strategy, kind, threads } = results[0]!;
  const runs = results.flatMap(({ measured }) => (measured === undefined ? [] : [measured]));
  const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((total, run) => total + of(run), 0);
  const measurements = runs.map(({ measurement }) => measurement);
  const withheld = withheldFor(runs);
  const believed = runs.length > 0 && withheld !== 'proof failed';
  return {
    workload,
    strategy,
    kind,
    threads,
    rounds: runs.length,
    throughputPerSecond: believed ? medianOf(measurements.map(({ closedPerSecond }) => closedPerSecond)) : undefined,
    latency: withheld ?? latencyOf(measurements),
    bystanderP99Ms: believed
      ? medianOf(measurements.map((m) => (m.bystanderDropped > 0 ? undefined : p99Of(m.bystander))))
      : undefined,
    cpuUsPerRequest: believed ? medianOf(runs.map(({ cpuUsPerRequest }) => cpuUsPerRequest)) : undefined,
    dropped: sum(({ measurement }) => measurement.dropped),
    failedRequests: sum(({ proof }) => proof.refused + proof.unknown),
    lost: sum(({ proof }) => proof.lost),
    extra: sum(({ proof }) => proof.extra),
    generatorLate: runs.some(wasGeneratorLate),
    errors: results.flatMap(({ error }) => (error === undefined ? [] : [error])),
  };
}

/** With drops the lag is not known, and the row is called saturated anyway. */
function wasGeneratorLate({ measurement }: NonNullable<CellResult['measured']>): boolean {
  const { dropped, unstarted, schedLagP99Ms, e2e } = measurement;
  if (unstarted > MAX_UNSTARTED_SHARE * (e2e?.count ?? 0)) return true;
  return dropped === 0 && schedLagP99Ms > MAX_GENERATOR_LAG_MS;
}

/** The gravest reason first; one bad round is enough, since the others may have been lucky. */
function withheldFor(runs: readonly NonNullable<CellResult['measured']>[]): Withheld | undefined {
  if (runs.length === 0) return 'not measured';
  if (runs.some(({ proof }) => !proof.holds)) return 'proof failed';
  if (runs.some(({ measurement }) => measurement.dropped > 0)) return 'saturated';
  const failedTooOften = runs.some(({ proof: { refused, unknown, acknowledged } }) => {
    const failed = refused + unknown;
    return failed > MAX_FAILED_SHARE * (failed + acknowledged);
  });
  if (failedTooOften) return 'errors';
  return runs.some(({ measurement }) => measurement.e2e === undefined) ? 'not measured' : undefined;
}

function latencyOf(measurements: readonly Measurement[]): Exclude<Row['latency'], string> {
  return {
    p50: medianOf(measurements.map(({ e2e }) => e2e?.p50))!,
    p95: medianOf(measurements.map(({ e2e }) => e2e?.p95))!,
    p99: medianOf(measurements.map(({ e2e }) => p99Of(e2e))),
  };
}
