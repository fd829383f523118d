/** Whether a trial of the comparison itself came out as it must, and what its noise lets be found. */
import { listText, percent } from '../format.ts';
import { BURNT_US, burningName, SLOWED_BY, slowedName, type Trial } from '../trial.ts';
import { comparisonBetween, type Comparison } from './comparisons.ts';
import { metricNames, metrics } from './metrics.ts';
import { apartText, ratioWithInterval } from './relation.ts';
import type { Row } from './rows.ts';
import { falseClaimShare, foundShare, leastFound, noiseOf } from './simulation.ts';

export interface TrialVerdict {
  readonly passed: boolean;
  readonly text: string;
}

/**
 * A/A: nothing may be claimed. Slowed: a longer latency must be, and more CPU where enough of it is burnt.
 *
 * @param simulated comparisons for what else the noise would let be claimed or found
 */
export function trialVerdict(
  trial: Trial,
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  simulated = SIMULATED,
): TrialVerdict {
  const verdict = judged(trial, rows, comparisons);
  return comparisons.length === 0
    ? verdict
    : { ...verdict, text: [verdict.text, ...powerTexts(rows, simulated)].join('. ') };
}

function judged(trial: Trial, rows: readonly Row[], comparisons: readonly Comparison[]): TrialVerdict {
  if (comparisons.length === 0) return { passed: false, text: 'nothing was measured that could be compared' };
  return trial === 'aa' ? identical(rows, comparisons) : slowed(rows, comparisons);
}

function identical(rows: readonly Row[], comparisons: readonly Comparison[]): TrialVerdict {
  const claimed = comparisons.filter(({ relation }) => relation === 'apart');
  const names = listText([...new Set(rows.map(({ strategy }) => strategy))]);
  if (claimed.length === 0)
    return { passed: true, text: `${names} are the same, and nothing is claimed, as it must be` };
  const spoken = claimed.map((pair) => `in ${metrics[pair.metric].name} ${apartText(pair)}`);
  return { passed: false, text: `${names} are the same, and yet a difference is claimed: ${spoken.join(', ')}` };
}

function slowed(rows: readonly Row[], comparisons: readonly Comparison[]): TrialVerdict {
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
  const cpu = plain.figures.cpu?.value;
  const burntText = burnt.map(({ burntUs, comparison }) => {
    const share = cpu === undefined ? '' : ` (${percent(burntUs / cpu)} of ${Math.round(cpu)})`;
    const found = isMore(comparison) ? 'found' : 'not found';
    return `${burntUs} µs${share} ${found}, ${ratioWithInterval(comparison)}`;
  });
  const foundMost = burnt.length === 0 || isMore(burnt.at(-1)!.comparison);
  return {
    passed: longer.length > 0 && foundMost,
    text: `${latencyText}${burnt.length === 0 ? '' : `; CPU burnt in each request: ${burntText.join('; ')}`}`,
  };
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

function isMore({ relation, ratio }: Comparison): boolean {
  return relation === 'apart' && ratio > 1;
}
