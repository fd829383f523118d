/** The verdict table of a workload as text, for the page and for Markdown. */
import { estimateText, intervalText, msText, NO_FIGURE, percent, wholeText } from '../format.ts';
import type { Results } from '../results-file.ts';
import type { Analysis } from '../statistics/analysis.ts';
import { lettersFor, ratioBetween, type Comparison } from '../statistics/comparisons.ts';
import type { Estimate } from '../statistics/estimate.ts';
import { metricNames, metrics, type Metric } from '../statistics/metrics.ts';
import { pairText } from '../statistics/relation.ts';
import type { Latency, Row } from '../statistics/rows.ts';

export interface VerdictTable {
  readonly workload: Results['workloads'][number];
  /** At which rate latencies were measured, and what stands in brackets. */
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell of each names its strategy. */
  readonly rows: readonly (readonly string[])[];
  /** What disturbed runs, and proofs that failed, by strategy. */
  readonly notes: readonly string[];
}

interface Column {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Left out where no row has a figure. */
  readonly optional?: boolean;
}

export function verdictTables(results: Results, analysis: Analysis): VerdictTable[] {
  return results.workloads.flatMap((workload) => {
    const own = analysis.rows.filter((row) => row.workload === workload.name);
    return own.length === 0 ? [] : [tableOf(workload, own, results, analysis)];
  });
}

function tableOf(
  workload: Results['workloads'][number],
  rows: readonly Row[],
  results: Results,
  analysis: Analysis,
): VerdictTable {
  const columns = columnsFor(rows, results, analysis).filter(
    ({ optional, text }) => optional !== true || rows.some((row) => text(row) !== NO_FIGURE),
  );
  const rate = wholeText(rows[0]!.ratePerSecond);
  const idleMs = results.calibration?.idleBystanderP99Ms;
  const idle = idleMs === undefined ? '' : ` With nothing beside it the bystander’s p99 was ${msText(idleMs)} ms.`;
  return {
    workload,
    caption: `Latency and goodput at ${rate}/s, throughput with 50 clients${results.rounds > 1 ? `; in brackets the interval over ${results.rounds} rounds` : ', in one round'}.${idle}`,
    head: columns.map(({ title }) => title),
    rows: rows.map((row) => columns.map(({ text }) => text(row))),
    notes: rows.flatMap(notesOf),
  };
}

function columnsFor(rows: readonly Row[], { sweep, sloMs }: Results, { capacities, comparisons }: Analysis): Column[] {
  const lettered = letteredIn(rows, comparisons);
  const baseline = sweep === undefined ? baselineOf(rows) : undefined;
  return [
    { title: 'strategy', text: nameOf },
    { title: sweep?.name ?? 'point', optional: true, text: ({ point }) => wholeText(point) },
    {
      title: `capacity/s (p99 ≤ ${sloMs} ms)`,
      optional: true,
      text: ({ workload, strategy }) => {
        const found = capacities.find((row) => row.workload === workload && row.strategy === strategy);
        if (found?.perSecond === undefined) return NO_FIGURE;
        return `${found.atLeast ? '≥ ' : ''}${estimateText({ ...found, value: found.perSecond, confidence: 0, rounds: found.searches }, wholeText)}`;
      },
    },
    { title: 'throughput/s', text: (row) => lettered('throughput', row) },
    {
      title: 'k6’s share of CPU',
      optional: true,
      text: ({ throughput, generatorShare }) =>
        throughput === undefined || generatorShare === undefined ? NO_FIGURE : percent(generatorShare.value),
    },
    { title: 'goodput/s', text: ({ goodputPerSecond }) => estimateText(goodputPerSecond, wholeText) },
    { title: 'p50 ms', text: (row) => latencyText(row, ({ p50 }) => p50) },
    {
      title: 'p99 ms',
      text: (row) =>
        latencyText(
          row,
          ({ p99 }) => p99,
          undefined,
          row.figures.p99 === undefined ? undefined : () => lettered('p99', row),
        ),
    },
    { title: 'p99.9 ms', optional: true, text: (row) => latencyText(row, ({ p999 }) => p999, NO_FIGURE) },
    { title: 'bystander p99 ms', text: (row) => lettered('bystander', row) },
    { title: 'event loop p99 ms', optional: true, text: ({ eventLoopP99Ms }) => estimateText(eventLoopP99Ms, msText) },
    { title: 'CPU µs/request', text: (row) => lettered('cpu', row) },
    {
      title: `× ${baseline?.strategy ?? 'baseline'}`,
      optional: true,
      text: (row) => (baseline === undefined ? NO_FIGURE : timesText(row, baseline, comparisons)),
    },
    {
      title: 'requests per thread',
      optional: true,
      text: ({ requestsPerThread }) => requestsPerThread?.map(wholeText).join(' / ') ?? NO_FIGURE,
    },
    { title: 'proof', text: proofText },
    { title: 'valid', text: validText },
  ];
}

function baselineOf(rows: readonly Row[]): Row | undefined {
  return rows.find(({ kind, throughput }) => kind === 'baseline' && throughput !== undefined);
}

function nameOf({ strategy, kind, threads }: Row): string {
  const notes = [...(kind === 'strategy' ? [] : [kind]), ...(threads === 1 ? ['one thread'] : [])];
  return notes.length === 0 ? strategy : `${strategy} (${notes.join(', ')})`;
}

function latencyText(
  { latency, beyondGenerator }: Row,
  of: (latency: Latency) => Latency['p99'],
  withheld?: string,
  shown: () => string = () => estimateText(of(latency as Latency), msText),
): string {
  if (beyondGenerator) return withheld ?? 'beyond the generator';
  return typeof latency === 'string' ? (withheld ?? latency) : shown();
}

function timesText(row: Row, baseline: Row, comparisons: readonly Comparison[]): string {
  if (row.throughput === undefined) return NO_FIGURE;
  if (row === baseline) return '1';
  const ratio = ratioBetween(comparisons, 'throughput', row, baseline);
  return ratio === undefined ? NO_FIGURE : pairText(ratio);
}

/** A figure with its letters: those that share none are claimed apart. */
function letteredIn(rows: readonly Row[], comparisons: readonly Comparison[]): (metric: Metric, row: Row) => string {
  const strategies = rows.filter(({ point }) => point === undefined);
  const known = new Map(metricNames.map((metric) => [metric, lettersFor(strategies, comparisons, metric)]));
  return (metric, row) => {
    const estimate: Estimate | undefined = row.figures[metric];
    const own = row.point === undefined ? known.get(metric)?.get(row.strategy) : undefined;
    if (estimate === undefined) return NO_FIGURE;
    const interval = intervalText(estimate, metrics[metric].text);
    return `${metrics[metric].text(estimate.value)}${own === undefined ? '' : ` ${own}`}${interval}`;
  };
}

function proofText({ kind, broken, rounds }: Row): string {
  if (rounds === 0) return 'not made';
  if (kind === 'control') return broken > 0 ? 'fails, as it must' : 'PASSES: VOID';
  return broken > 0 ? 'FAILED' : 'holds';
}

function validText({ rounds, flaggedRounds, disturbedRounds, ranked }: Row): string {
  if (rounds === 0) return 'not measured';
  if (disturbedRounds > 0) {
    return `${disturbedRounds} of ${rounds} disturbed, ${ranked ? 'left out' : 'not ranked'}`;
  }
  return flaggedRounds === 0 ? 'yes' : `${flaggedRounds} of ${rounds} flagged`;
}

function notesOf({ strategy, broken, kind, proof, flags, errors, dropped }: Row): string[] {
  return [
    ...(broken > 0 || kind === 'control' ? [`${strategy}: ${proof}.`] : []),
    ...(dropped > 0 ? [`${strategy}: ${wholeText(dropped)} arrivals dropped, so it has no latency.`] : []),
    ...(flags.length > 0
      ? [`${strategy}, flagged: ${flags.slice(0, 3).join('; ')}${flags.length > 3 ? ' …' : ''}.`]
      : []),
    ...[...new Set(errors)].map((error) => `${strategy}: ${error.split('\n')[0]}.`),
  ];
}
