/** The answer of a workload: by which figure to choose what, with the evidence; or how far apart they are at most. */
import { listText, ratioText, wholeText } from '../format.ts';
import type { Results } from '../results-file.ts';
import type { CapacityRow } from './capacities.ts';
import { comparisonBetween, type Comparison } from './comparisons.ts';
import { metricNames, metrics, type Metric } from './metrics.ts';
import { MIN_ROUNDS } from './pairs.ts';
import { apartText, boundText, ratioWithInterval, togetherText } from './relation.ts';
import type { Row } from './rows.ts';

export interface Answer {
  readonly workload: string;
  /** What to choose and by what, in a few words. */
  readonly headline: string;
  /** Sentences. */
  readonly evidence: readonly string[];
}

/** In fewer rounds than a claim needs, only factors this large are named. */
const COARSE_FACTOR = 1.5;

/** Of the CPU time of both, the generator's share from which a throughput says as much about it as about the service. */
export const GENERATOR_SHARE = 0.5;

/** Of the generator's own ceiling, the share from which a throughput is one of the generator. */
export const CEILING_SHARE = 0.8;

const choosing = metricNames.filter((metric) => metrics[metric].chooses);

interface Case {
  readonly workload: string;
  readonly results: Results;
  /** All of the workload. */
  readonly rows: readonly Row[];
  /** Strategies that may be ranked. */
  readonly ranked: readonly Row[];
  readonly comparisons: readonly Comparison[];
  readonly capacities: readonly CapacityRow[];
}

/** One answer per workload that was measured. Of a sweep, the answer is in its crossings. */
export function answersOf(
  results: Results,
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  capacities: readonly CapacityRow[],
): Answer[] {
  if (results.sweep !== undefined || results.trial !== undefined) return [];
  return results.workloads.flatMap(({ name }) => {
    const own = rows.filter(({ workload }) => workload === name);
    if (own.length === 0) return [];
    return answerOf({
      workload: name,
      results,
      rows: own,
      ranked: own.filter(({ kind, ranked }) => kind === 'strategy' && ranked),
      comparisons: comparisons.filter(({ workload }) => workload === name),
      capacities: capacities.filter(({ workload }) => workload === name),
    });
  });
}

function answerOf(own: Case): Answer {
  const { workload, rows, ranked } = own;
  const runs = sumOf(rows, (row) => row.rounds);
  const disturbed = sumOf(rows, (row) => row.disturbedRounds);
  if (disturbed * 2 > runs) {
    return { workload, headline: `no answer, since ${disturbed} of ${runs} runs were disturbed`, evidence: [] };
  }
  if (ranked.length === 0) return { workload, headline: 'no strategy could be measured', evidence: [] };
  const compared = own.comparisons.length > 0;
  return {
    workload,
    headline: compared ? headlineOf(own) : uncomparedHeadline(own),
    evidence: [
      ...notRankedSentences(rows),
      ...saturatedSentences(rows),
      ...(compared ? choosing.flatMap((metric) => metricSentences(own, metric)) : coarseSentences(own)),
      ...capacitySentences(own),
      ...baselineSentences(own),
      ...generatorSentences(own),
    ],
  };
}

function sumOf(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0);
}

function uncomparedHeadline(own: Case): string {
  const { ranked, results } = own;
  const { rounds } = results;
  if (ranked.length === 1) return `${ranked[0]!.strategy} alone was measured`;
  if (rounds >= MIN_ROUNDS) return 'no answer, since too few rounds can be compared';
  const found = rounds === 1 ? 'one round' : `${rounds} rounds`;
  const tail = coarseTail(own);
  return tail === undefined ? `no answer from ${found}, only large factors` : `${tail}, in ${found}`;
}

/**
 * The longest p99 against that of the strategy which is listed first, where that is a large factor. A queue near its
 * capacity needs a longer window for a claim than these have: the words say what was seen, and not what is.
 */
function coarseTail(own: Case): string | undefined {
  const shown = own.ranked.flatMap(({ strategy, latency, beyondGenerator }) =>
    typeof latency === 'string' || beyondGenerator || latency.p99 === undefined
      ? []
      : [{ strategy, p99: latency.p99.value }],
  );
  const [first] = shown;
  const worst = shown.toSorted((a, b) => b.p99 - a.p99)[0];
  if (first === undefined || worst === undefined || worst.p99 < COARSE_FACTOR * first.p99) return undefined;
  const { name, text, unit } = metrics.p99;
  const [longest, usual] = [worst, first].map(({ p99 }) => `${text(p99)}${unit}`);
  return `a ${name} of ${longest} (${worst.strategy}) against ${usual} (${first.strategy}) under ${own.results.arrivals ?? 'even'} arrivals`;
}

/** Narrowed down figure by figure: whoever is claimed to be worse than another that is left goes. */
function headlineOf(own: Case): string {
  // One round in which a stall dropped an arrival says little; most of them say that the rate is too high for it.
  const able = own.ranked.filter(({ unableRounds, rounds }) => unableRounds * 2 <= rounds);
  const isNarrowed = able.length > 0 && able.length < own.ranked.length;
  let left = isNarrowed ? able : own.ranked;
  const by = isNarrowed ? [`keeping up at ${wholeText(own.ranked[0]!.ratePerSecond)}/s`] : [];
  for (const metric of choosing) {
    const kept = leadersOf(left, own.comparisons, metric);
    if (kept.length < left.length) by.push(nameOf(metric, own));
    left = kept;
  }
  if (by.length > 0) return `${listText(left.map(nameOfRow), 'or')}, by ${listText(by)}`;
  const bounds = choosing.flatMap((metric) => {
    const pairs = pairsAmong(left, own.comparisons, metric);
    const all = (left.length * (left.length - 1)) / 2;
    const bounded = pairs.length === all && pairs.every(({ relation }) => relation === 'bounded');
    return bounded ? [`${boundText(pairs)} in ${nameOf(metric, own)}`] : [];
  });
  if (bounds.length === 0) return 'not resolved by any figure: choose by what you can read';
  return `${listText(bounds)}: choose by what you can read`;
}

const nameOfRow = ({ strategy }: Row) => strategy;

function nameOf(metric: Metric, { results }: Case): string {
  if (metric === 'throughput') return 'throughput';
  if (metric !== 'p99') return metrics[metric].name;
  return `p99 under ${results.arrivals ?? 'even'} arrivals`;
}

/** Those that are claimed worse than none of the others. */
function leadersOf(rows: readonly Row[], comparisons: readonly Comparison[], metric: Metric): readonly Row[] {
  return rows.filter((row) =>
    rows.every((other) => !(row !== other && isWorse(comparisonOf(comparisons, metric, row, other), metric))),
  );
}

function comparisonOf(comparisons: readonly Comparison[], metric: Metric, over: Row, under: Row) {
  return comparisonBetween(comparisons, {
    workload: over.workload,
    metric,
    over: over.strategy,
    under: under.strategy,
  });
}

/** Whether the first of the two is. */
function isWorse(comparison: Comparison | undefined, metric: Metric): boolean {
  if (comparison?.relation !== 'apart') return false;
  return metrics[metric].more === 'worse' ? comparison.ratio > 1 : comparison.ratio < 1;
}

function pairsAmong(rows: readonly Row[], comparisons: readonly Comparison[], metric: Metric): Comparison[] {
  const names = new Set(rows.map(nameOfRow));
  return comparisons.filter((item) => item.metric === metric && names.has(item.over) && names.has(item.under));
}

/** From whom to whom, who is claimed apart, and what may be said of the rest. */
function metricSentences(own: Case, metric: Metric): string[] {
  const { more, text, unit } = metrics[metric];
  const shown = own.ranked.filter(({ figures }) => figures[metric] !== undefined);
  if (shown.length < 2) return [];
  const sign = more === 'better' ? -1 : 1;
  const sorted = shown.toSorted((a, b) => sign * (a.figures[metric]!.value - b.figures[metric]!.value));
  const leaders = sorted.filter((row) =>
    sorted.every((other) => !isWorse(comparisonOf(own.comparisons, metric, row, other), metric)),
  );
  const behind = sorted.filter((row) => !leaders.includes(row));
  const [best, worst] = [sorted[0]!, sorted.at(-1)!];
  const figure = (row: Row) => `${text(row.figures[metric]!.value)}${unit} (${row.strategy})`;
  const claims = behind.map((row) => {
    // The best of those it is claimed to be worse than: mostly the best of all.
    const better = sorted.find((other) => isWorse(comparisonOf(own.comparisons, metric, row, other), metric))!;
    return apartText(comparisonOf(own.comparisons, metric, row, better)!);
  });
  const together =
    leaders.length < 2 ? [] : [togetherText(leaders.map(nameOfRow), pairsAmong(leaders, own.comparisons, metric))];
  const rate = metric === 'p99' ? ` at ${wholeText(best.ratePerSecond)}/s` : '';
  const clients = metric === 'throughput' ? ' with 50 clients' : '';
  const name = nameOf(metric, own);
  return [
    `${metric === 'p99' ? name : `${name[0]!.toUpperCase()}${name.slice(1)}`}${rate}${clients}: ${figure(best)} to ${figure(worst)}; ${[...claims, ...together].join('; ')}.`,
  ];
}

/** Of rounds that claim nothing: the extremes, where they are a large factor apart. */
function coarseSentences({ ranked }: Case): string[] {
  return choosing.flatMap((metric) => {
    const { text, unit, name } = metrics[metric];
    const shown = ranked
      .filter(({ figures }) => figures[metric] !== undefined)
      .toSorted((a, b) => a.figures[metric]!.value - b.figures[metric]!.value);
    const [least, most] = [shown[0], shown.at(-1)];
    if (least === undefined || most === undefined || least === most) return [];
    const [low, high] = [least.figures[metric]!.value, most.figures[metric]!.value];
    const factor = high / low;
    const verdict =
      factor >= COARSE_FACTOR ? `a factor of ${ratioText(factor)}` : 'which so few rounds cannot tell apart';
    return [
      `In ${name}, ${text(low)}${unit} (${least.strategy}) to ${text(high)}${unit} (${most.strategy}), ${verdict}.`,
    ];
  });
}

function notRankedSentences(rows: readonly Row[]): string[] {
  const left = rows.filter(
    ({ kind, ranked, disturbedRounds }) => kind === 'strategy' && !ranked && disturbedRounds > 0,
  );
  if (left.length === 0) return [];
  const each = left.map(
    ({ strategy, disturbedRounds, rounds }) => `${strategy} (${disturbedRounds} of ${rounds} runs)`,
  );
  return [`Not ranked, since disturbed: ${listText(each)}.`];
}

function saturatedSentences(rows: readonly Row[]): string[] {
  const saturated = rows.filter(
    ({ kind, latency, ranked }) => kind === 'strategy' && ranked && latency === 'saturated',
  );
  if (saturated.length === 0) return [];
  return [`At ${wholeText(rows[0]!.ratePerSecond)}/s ${listText(saturated.map(nameOfRow))} could not keep up.`];
}

function capacitySentences({ capacities, results }: Case): string[] {
  if (capacities.length === 0) return [];
  const each = capacities.map(
    ({ strategy, perSecond, atLeast, stopped }) =>
      `${strategy} ${perSecond === undefined ? (stopped === undefined ? 'none' : `unknown (${stopped})`) : `${atLeast ? '≥ ' : ''}${wholeText(perSecond)}/s`}`,
  );
  return [`Highest rate with a p99 within ${results.sloMs} ms: ${listText(each)}.`];
}

/** "Do I need any of this?" Held against the strategy with the highest throughput. */
function baselineSentences({ rows, ranked, comparisons }: Case): string[] {
  const best = ranked
    .filter(({ throughput }) => throughput !== undefined)
    .toSorted((a, b) => b.throughput!.value - a.throughput!.value)[0];
  if (best === undefined) return [];
  return rows
    .filter(({ kind, ranked: isRanked, throughput }) => kind === 'baseline' && isRanked && throughput !== undefined)
    .map((row) => {
      const threads = row.threads === 1 ? ', with one thread and no lock,' : '';
      const rate = `${row.strategy}${threads} answers ${wholeText(row.throughput!.value)}/s`;
      return `You may need none of this: ${rate}; ${againstText(row, best, comparisons)}.`;
    });
}

function againstText(row: Row, best: Row, comparisons: readonly Comparison[]): string {
  const comparison = comparisonOf(comparisons, 'throughput', row, best);
  if (comparison === undefined) {
    const factor = row.throughput!.value / best.throughput!.value;
    const isLarge = Math.max(factor, 1 / factor) >= COARSE_FACTOR && Math.max(row.rounds, best.rounds) < MIN_ROUNDS;
    return isLarge ? `${ratioText(factor)} times as much as ${best.strategy}` : `not resolved against ${best.strategy}`;
  }
  const { relation } = comparison;
  if (relation === 'apart') return `${ratioWithInterval(comparison)} times as much as ${best.strategy}`;
  return relation === 'bounded'
    ? `${boundText([comparison])} from ${best.strategy}`
    : `not resolved against ${best.strategy}`;
}

function generatorSentences({ results: { calibration }, ranked }: Case): string[] {
  const most = Math.max(0, ...ranked.map(({ throughput }) => throughput?.value ?? 0));
  const shares = ranked.flatMap(({ generatorShare }) => generatorShare?.value ?? []);
  const share = Math.max(0, ...shares);
  if (share >= GENERATOR_SHARE) {
    return [
      `k6 took up to ${wholeText(share * 100)} % of the CPU time in the closed loop: its throughputs say as much about k6 as about a strategy.`,
    ];
  }
  const ceiling = calibration?.ceilingPerSecond ?? Number.POSITIVE_INFINITY;
  if (shares.length > 0 || most < CEILING_SHARE * ceiling) return [];
  return [
    `The generator itself gets ${wholeText(ceiling)}/s out of /healthz: HTTP and k6 hide the difference here, and the bench shows it.`,
  ];
}
