/** Whether a trial of the comparison itself came out as it must, and what its noise lets be found. */
import { listText, percent } from '../format.ts';
import { BURNT_US, burningName, SLOWED_BY, slowedName, type Trial } from '../trial.ts';
import { comparisonBetween, type Comparison } from './comparisons.ts';
import { metrics } from './metrics.ts';
import { apartText, ratioWithInterval } from './relation.ts';
import type { Row } from './rows.ts';

export interface TrialVerdict {
  readonly passed: boolean;
  readonly text: string;
}

/** A/A: nothing may be claimed. Slowed: a longer latency must be, and more CPU where enough of it is burnt. */
export function trialVerdict(trial: Trial, rows: readonly Row[], comparisons: readonly Comparison[]): TrialVerdict {
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

function isMore({ relation, ratio }: Comparison): boolean {
  return relation === 'apart' && ratio > 1;
}
