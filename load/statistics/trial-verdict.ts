/** Whether a trial of the comparison itself came out as it must, and what its noise lets be found. */
import { listText, percent } from '../format.ts';
import type { InProcessResult } from '../in-process/result.ts';
import { BURNT_US, burningName, SLOWED_BY, slowedName, type Trial } from '../trial.ts';
import { comparisonBetween, type Comparison } from './comparisons.ts';
import { estimateOf } from './estimate.ts';
import { metricNames, metrics } from './metrics.ts';
import { comparePairs, type Pair } from './pairs.ts';
import { apartText, ratioWithInterval, relationOf } from './relation.ts';
import type { Row } from './rows.ts';
import { falseClaimShare, foundShare, leastFound, noiseOf } from './simulation.ts';

export interface TrialVerdict {
  readonly passed: boolean;
  readonly text: string;
}

export interface TrialOptions {
  /** Comparisons for what else the noise would let be claimed or found. */
  readonly simulated?: number;
  readonly inProcess?: readonly InProcessResult[] | undefined;
}

/**
 * A/A: nothing may be claimed. Slowed: a longer latency must be, and more CPU where enough of it is burnt.
 */
export function trialVerdict(
  trial: Trial,
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  { simulated = SIMULATED, inProcess = [] }: TrialOptions = {},
): TrialVerdict {
  const verdict = judged(trial, rows, comparisons, inProcess);
  return comparisons.length === 0
    ? verdict
    : { ...verdict, text: [verdict.text, ...powerTexts(rows, simulated)].join('. ') };
}

function judged(
  trial: Trial,
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  inProcess: readonly InProcessResult[],
): TrialVerdict {
  if (comparisons.length === 0) return { passed: false, text: 'nothing was measured that could be compared' };
  return trial === 'aa' ? identical(rows, comparisons) : slowed(rows, comparisons, inProcess);
}

function identical(rows: readonly Row[], comparisons: readonly Comparison[]): TrialVerdict {
  const claimed = comparisons.filter(({ relation }) => relation === 'apart');
  const names = listText([...new Set(rows.map(({ strategy }) => strategy))]);
  if (claimed.length === 0)
    return { passed: true, text: `${names} are the same, and nothing is claimed, as it must be` };
  const spoken = claimed.map((pair) => `in ${metrics[pair.metric].name} ${apartText(pair)}`);
  return { passed: false, text: `${names} are the same, and yet a difference is claimed: ${spoken.join(', ')}` };
}

function slowed(
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  inProcess: readonly InProcessResult[],
): TrialVerdict {
  const plain = rows[0]!;
  const against = (metric: Comparison['metric'], over: string) =>
    comparisonBetween(comparisons, { workload: plain.workload, metric, over, under: plain.strategy });
  const latencies = (['p50', 'p99'] as const).flatMap((metric) => against(metric, slowedName(plain.strategy)) ?? []);
  const longer = latencies.filter(({ relation, ratio }) => relation === 'apart' && ratio > 1);
  const origin = `the origin of one is ${percent(SLOWED_BY)} slower`;
  const latencyText =
    longer.length > 0
      ? `${origin}, and that is claimed, as it must be: ${longer.map((pair) => `in ${pair.metric} ${apartText(pair)}`).join(', ')}`
      : `${origin}, and no longer latency is claimed`;
  const burnt = BURNT_US.flatMap((burntUs) => {
    const comparison = against('cpu', burningName(plain.strategy, burntUs));
    return comparison === undefined ? [] : [{ burntUs, comparison }];
  });
  const perRequest = burntOf(burnt, plain.figures.cpu?.value, 'CPU burnt in each request');
  const own = inProcess.filter(({ operation, threads }) => operation === BURNT_OPERATION && threads === 1);
  const perOperation = burntOf(
    burntInProcess(own, plain.strategy),
    estimateOf(own.flatMap((result) => (result.strategy === plain.strategy ? [result.nsPerOperation / 1000] : [])))
      ?.value,
    'In process',
  );
  return {
    passed: longer.length > 0 && perRequest.passed && perOperation.passed,
    text: [latencyText, ...perRequest.texts, ...perOperation.texts].join('. '),
  };
}

/** The critical section of an increment is what burns; one thread waits for nobody. */
const BURNT_OPERATION = 'counters, 1,000 keys';

interface Burnt {
  readonly burntUs: number;
  readonly comparison: Pick<Pair, 'ratio' | 'low' | 'high'> & Pick<Comparison, 'relation'>;
}

/** By the same test of pairs of rounds as everything else. */
function burntInProcess(results: readonly InProcessResult[], plain: string): Burnt[] {
  const rounds = Math.max(0, ...results.map(({ round }) => round));
  const series = [plain, ...BURNT_US.map((burntUs) => burningName(plain, burntUs))].map((name) => ({
    name,
    perRound: Array.from(
      { length: rounds },
      (_, index) => results.find(({ strategy, round }) => strategy === name && round === index + 1)?.nsPerOperation,
    ),
  }));
  return comparePairs(series).flatMap(({ over, under, ratio, low, high }) => {
    const burntUs = over === plain ? BURNT_US.find((us) => burningName(plain, us) === under) : undefined;
    if (burntUs === undefined) return [];
    const turned = { ratio: 1 / ratio, low: 1 / high, high: 1 / low };
    return [{ burntUs, comparison: { ...turned, relation: relationOf(turned) } }];
  });
}

/** What must be found, as a share of the whole. */
const MUST_FIND = 0.1;

/** Each size, and from which on all are found; the first of at least a tenth of the whole must be. */
function burntOf(burnt: readonly Burnt[], wholeUs: number | undefined, where: string): Found {
  if (burnt.length === 0) return { passed: true, texts: [`${where}: not measured`] };
  if (wholeUs === undefined) return { passed: false, texts: [`${where}: nothing to hold it against`] };
  const sizeText = ({ burntUs }: Burnt): string =>
    `${burntUs} µs (${percent(burntUs / wholeUs)} of ${wholeUs.toPrecision(3)})`;
  const each = burnt.map(
    (own) => `${sizeText(own)} ${isMore(own.comparison) ? 'found' : 'not found'}, ${ratioWithInterval(own.comparison)}`,
  );
  const lastMissed = burnt.findLastIndex(({ comparison }) => !isMore(comparison));
  const first = burnt[lastMissed + 1];
  const from = first === undefined ? 'the largest is not found' : `found from ${sizeText(first)} on`;
  const must = burnt.find(({ burntUs }) => burntUs / wholeUs >= MUST_FIND) ?? burnt.at(-1)!;
  return { passed: isMore(must.comparison), texts: [`${where}: ${from} (${each.join('; ')})`] };
}

interface Found {
  readonly passed: boolean;
  readonly texts: readonly string[];
}

const POWER = 0.8;
const RATIOS = [1.05, 1.1, 1.2, 1.4] as const;
const SIMULATED = 1_000;
const CANDIDATES = 5;

/** What a comparison of five with the noise of this trial would claim falsely, and from which size on it would find what is there. */
function powerTexts(rows: readonly Row[], simulated: number): string[] {
  const rounds = Math.max(...rows.map((row) => row.rounds));
  const simulation = { noise: noiseOf(rows), candidates: CANDIDATES, rounds, comparisons: simulated, seed: 1 };
  if (Object.keys(simulation.noise).length === 0) return [];
  const found = metricNames.flatMap((metric) => {
    if (simulation.noise[metric] === undefined) return [];
    const least = leastFound(simulation, metric, { ratios: RATIOS, power: POWER });
    return [`${metrics[metric].name} ${least === undefined ? 'from above 40 %' : `from ${percent(least - 1)}`}`];
  });
  const at = simulation.noise.throughput === undefined ? undefined : foundShare(simulation, 'throughput', 1.2);
  return [
    `Simulated with the noise of this trial, ${CANDIDATES} strategies and ${rounds} rounds: of the same, anything is claimed in ${percent(falseClaimShare(simulation))}`,
    `Differences found in four of five comparisons: ${listText(found)}`,
    ...(at === undefined ? [] : [`A ratio of 1.2 in throughput is found in ${percent(at)}`]),
  ];
}

function isMore({ relation, ratio }: Pick<Comparison, 'relation' | 'ratio'>): boolean {
  return relation === 'apart' && ratio > 1;
}
