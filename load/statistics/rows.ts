/** From runs to rows: one row per workload, candidate and sweep point, each figure the median over rounds of the rounds' own. */
import type { CellResult, Measured } from '../cell.ts';
import type { Distribution } from '../k6/summary.ts';
import { P999_MIN_SAMPLES, P99_MIN_SAMPLES } from '../scenarios/profile.ts';
import { isForeign } from '../validity.ts';
import { isTooShort } from '../window.ts';
import { estimateOf, type Estimate } from './estimate.ts';
import { metricNames, type Metric } from './metrics.ts';

/** Why a row has no latency: a number there would say something that was not measured. */
export type Withheld = 'saturated' | 'proof failed' | 'errors' | 'not measured';

/** In milliseconds. */
export interface Latency {
  readonly p50: Estimate;
  readonly p95: Estimate;
  /** Undefined below 1,000 samples a round. */
  readonly p99: Estimate | undefined;
  /** Undefined below 10,000 samples a round. */
  readonly p999: Estimate | undefined;
}

export interface Row {
  readonly workload: string;
  readonly strategy: string;
  readonly kind: CellResult['kind'];
  readonly threads: number;
  readonly point?: number;
  readonly ratePerSecond: number;
  readonly rounds: number;
  /** Of the closed loop; undefined when withheld. */
  readonly throughput: Estimate | undefined;
  readonly latency: Latency | Withheld;
  readonly goodputPerSecond: Estimate | undefined;
  readonly bystanderP99Ms: Estimate | undefined;
  readonly cpuUsPerRequest: Estimate | undefined;
  /** What it is compared by: the same estimates, undefined where one is not to be compared. */
  readonly figures: Readonly<Record<Metric, Estimate | undefined>>;
  /** Of the CPU time of k6 and the service in the closed loop, k6's share; undefined in older results. */
  readonly generatorShare: Estimate | undefined;
  /** The worst thread's, where the service says. */
  readonly eventLoopP99Ms: Estimate | undefined;
  /** Mean ms per request, the median over rounds. */
  readonly parts:
    | { readonly wait: number; readonly hold: number; readonly origin: number; readonly total: number }
    | undefined;
  /** Of one round: requests per thread, most first. */
  readonly requestsPerThread: readonly number[] | undefined;
  /** In which it could not keep up: arrivals were dropped, or too many answers were no correct ones. */
  readonly unableRounds: number;
  readonly dropped: number;
  /** Requests refused or left without a definite answer, in all phases and rounds. */
  readonly failedRequests: number;
  /** By how many its promise was broken, in all rounds. */
  readonly broken: number;
  /** Of the round in which the proof failed worst, else of the last. */
  readonly proof: string;
  /** What disturbed its rounds, each with how many; empty when nothing did. */
  readonly flags: readonly string[];
  readonly flaggedRounds: number;
  /** Of them those that something foreign disturbed. They are kept in the results, and no figure here is made of them. */
  readonly disturbedRounds: number;
  /** False where most rounds were disturbed: its figures are of all of them, and it is compared to nobody. */
  readonly ranked: boolean;
  /** Its rate is above what the generator can do: its latency is not to be shown, nor compared. */
  readonly beyondGenerator: boolean;
  /** What went wrong with whole runs. */
  readonly errors: readonly string[];
  /** By round, for comparisons in pairs; a round without a figure is undefined. */
  readonly perRound: Readonly<Record<Metric, readonly (number | undefined)[]>>;
}

/** Of answers that are no correct ones, the share above which latencies are withheld: they would be those of the lucky ones. */
const MAX_FAILED_SHARE = 0.01;

/** The 99th percentile where there are samples enough to speak of one. */
export function p99Of(times: Distribution | undefined): number | undefined {
  return times !== undefined && times.count >= P99_MIN_SAMPLES ? times.p99 : undefined;
}

function p999Of(times: Distribution | undefined): number | undefined {
  return times !== undefined && times.count >= P999_MIN_SAMPLES ? times.percentiles['99.9'] : undefined;
}

/** The rows in the order of the workloads and of the candidates. */
export function rowsOf(
  results: readonly CellResult[],
  order: readonly { readonly name: string }[],
  generatorLimitPerSecond = Number.POSITIVE_INFINITY,
): Row[] {
  const byRow = Map.groupBy(results, ({ workload, strategy, point }) => `${workload}\n${strategy}\n${point ?? ''}`);
  const rank = new Map(order.map(({ name }, index) => [name, index]));
  const workloads = [...new Set(results.map(({ workload }) => workload))];
  return [...byRow.values()]
    .map((own) => rowOf(own, generatorLimitPerSecond))
    .sort(
      (a, b) =>
        workloads.indexOf(a.workload) - workloads.indexOf(b.workload) ||
        (rank.get(a.strategy) ?? 0) - (rank.get(b.strategy) ?? 0) ||
        (a.point ?? 0) - (b.point ?? 0),
    );
}

/**
 * The runs of a row that its figures are made of: those that nothing foreign disturbed, all where most were, and none where
 * a proof failed.
 */
export function believedRuns(results: readonly CellResult[]): Measured[] {
  const all = results.flatMap(({ measured }) => (measured === undefined ? [] : [measured]));
  if (all.some(({ proof }) => !proof.holds)) return [];
  const undisturbed = all.filter((run) => !isDisturbed(run));
  return undisturbed.length * 2 > all.length ? undisturbed : all;
}

function rowOf(results: readonly CellResult[], limitPerSecond: number): Row {
  const { workload, strategy, kind, threads, point, profile } = results[0]!;
  const all = results.flatMap(({ measured }) => (measured === undefined ? [] : [measured]));
  const disturbed = all.filter(isDisturbed);
  const runs = believedRuns(results);
  const believed = runs.length > 0;
  const unable = runs.filter((run) => run.measurement.dropped > 0 || failedTooOften(run));
  const sum = (of: (run: Measured) => number) => all.reduce((total, run) => total + of(run), 0);
  const withheld = all.some(({ proof }) => !proof.holds) ? 'proof failed' : withheldFor(runs);
  const beyondGenerator = profile.ratePerSecond > limitPerSecond;
  const hasLatency = withheld === undefined && !beyondGenerator;
  const figure = (of: (run: Measured) => number | undefined) => (believed ? estimateOf(runs.map(of)) : undefined);
  const isShown = (metric: Metric): boolean => {
    if (metric === 'bystander') return !beyondGenerator;
    return hasLatency || !latencies.has(metric);
  };
  const ofMetric = (metric: Metric) => (isShown(metric) ? figure((run) => metricOf[metric](run)) : undefined);
  const figures = Object.fromEntries(metricNames.map((metric) => [metric, ofMetric(metric)])) as Row['figures'];
  const worst = all.toSorted((a, b) => b.proof.broken - a.proof.broken)[0];
  return {
    workload,
    strategy,
    kind,
    threads,
    ...(point === undefined ? {} : { point }),
    ratePerSecond: profile.ratePerSecond,
    rounds: all.length,
    throughput: figures.throughput,
    latency: withheld ?? latencyOf(runs),
    goodputPerSecond: figure(({ measurement }) => measurement.goodputPerSecond),
    bystanderP99Ms: figures.bystander,
    cpuUsPerRequest: figures.cpu,
    figures,
    generatorShare: figure(({ generatorShare }) => generatorShare?.closed),
    eventLoopP99Ms: figure(({ service }) => service.eventLoopP99Ms),
    parts: believed ? partsOf(runs) : undefined,
    requestsPerThread: all.at(-1)?.service.requestsPerThread?.toSorted((a, b) => b - a),
    unableRounds: unable.length,
    dropped: sum(({ measurement }) => measurement.dropped),
    failedRequests: sum(({ proof }) => proof.refused + proof.unknown),
    broken: sum(({ proof }) => proof.broken),
    proof: worst?.proof.statement ?? 'not measured',
    flags: [...new Set(all.flatMap(({ flags }) => flags))],
    flaggedRounds: all.filter(({ flags }) => flags.length > 0).length,
    disturbedRounds: disturbed.length,
    ranked: believed && disturbed.length * 2 < all.length,
    beyondGenerator,
    errors: results.flatMap(({ error }) => (error === undefined ? [] : [error])),
    perRound: perRoundOf(results, figures),
  };
}

/** A figure of a run, by which it may be compared. */
const metricOf: Readonly<Record<Metric, (run: Measured) => number | undefined>> = {
  throughput: ({ measurement }) => measurement.closedPerSecond,
  p50: ({ measurement }) => measurement.e2e?.p50,
  p99: claimableP99,
  cpu: ({ cpuUsPerRequest }) => cpuUsPerRequest,
  bystander: bystanderP99,
};

const latencies: ReadonlySet<Metric> = new Set(['p50', 'p99']);

function isDisturbed({ flags }: Measured): boolean {
  return flags.some(isForeign);
}

function bystanderP99({ measurement }: Measured): number | undefined {
  return measurement.bystanderDropped > 0 ? undefined : p99Of(measurement.bystander);
}

/** Undefined where the window was too short for its queue: what is printed is then one of many that might have come out. */
function claimableP99({ measurement, window }: Measured): number | undefined {
  return window !== undefined && isTooShort(window) ? undefined : p99Of(measurement.e2e);
}

/** Rounds in their order, with room for those that failed or were disturbed: comparisons pair rounds by their number. */
function perRoundOf(results: readonly CellResult[], figures: Row['figures']): Row['perRound'] {
  const last = Math.max(...results.map(({ round }) => round));
  const byRound = Array.from({ length: last }, (_, index) => {
    const measured = results.find(({ round }) => round === index + 1)?.measured;
    return measured === undefined || isDisturbed(measured) ? undefined : measured;
  });
  const each = (metric: Metric) =>
    byRound.map((run) => (figures[metric] !== undefined && run !== undefined ? metricOf[metric](run) : undefined));
  return Object.fromEntries(metricNames.map((metric) => [metric, each(metric)] as const)) as Record<
    Metric,
    ReturnType<typeof each>
  >;
}

/** The gravest reason first; one bad round is enough, since the others may have been lucky. */
function withheldFor(runs: readonly Measured[]): Exclude<Withheld, 'proof failed'> | undefined {
  if (runs.length === 0) return 'not measured';
  if (runs.some(({ measurement }) => measurement.dropped > 0)) return 'saturated';
  if (runs.some(failedTooOften)) return 'errors';
  return runs.some(({ measurement }) => measurement.e2e === undefined) ? 'not measured' : undefined;
}

function failedTooOften({ proof: { refused, unknown, acknowledged } }: Measured): boolean {
  const failed = refused + unknown;
  return failed > MAX_FAILED_SHARE * (failed + acknowledged);
}

function latencyOf(runs: readonly Measured[]): Latency {
  const over = (of: (times: Distribution | undefined) => number | undefined) =>
    estimateOf(runs.map(({ measurement }) => of(measurement.e2e)));
  return { p50: over((times) => times?.p50)!, p95: over((times) => times?.p95)!, p99: over(p99Of), p999: over(p999Of) };
}

function partsOf(runs: readonly Measured[]): Row['parts'] {
  const [wait, hold, origin, total] = (['wait', 'hold', 'origin', 'total'] as const).map(
    (name) => estimateOf(runs.map(({ measurement }) => measurement.parts?.[name]))?.value,
  );
  if (wait === undefined || hold === undefined || origin === undefined || total === undefined) return undefined;
  return { wait, hold, origin, total };
}
