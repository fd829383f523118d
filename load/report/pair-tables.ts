/** Every pair of a workload by every figure, with the interval that the words follow. */
import type { Results } from '../results-file.ts';
import type { Analysis } from '../statistics/analysis.ts';
import { comparisonBetween, type Comparison } from '../statistics/comparisons.ts';
import { metricNames, metrics } from '../statistics/metrics.ts';
import { boundText, ratioWithInterval } from '../statistics/relation.ts';
import { NO_FIGURE } from '../format.ts';
import type { CostTable } from './cost-tables.ts';

/** One per workload in which anything was compared; a sweep has a table's worth of them at each point, and none here. */
export function pairTables({ workloads }: Results, { comparisons }: Analysis): CostTable[] {
  return workloads.flatMap(({ name }) => {
    const own = comparisons.filter(({ workload, point }) => workload === name && point === undefined);
    if (own.length === 0) return [];
    const shown = metricNames.filter((metric) => own.some((comparison) => comparison.metric === metric));
    const pairs = new Map(own.map(({ over, under }) => [`${over}\n${under}`, { over, under }]));
    return [
      {
        title: `${name}: every pair`,
        caption: 'The first over the second, with its interval, adjusted for all pairs; and what it allows to say.',
        head: ['pair', ...shown.map((metric) => metrics[metric].name)],
        rows: [...pairs.values()].map(({ over, under }) => [
          `${over} / ${under}`,
          ...shown.map((metric) => pairText(comparisonBetween(own, { workload: name, metric, over, under }))),
        ]),
      },
    ];
  });
}

function pairText(comparison: Comparison | undefined): string {
  if (comparison === undefined) return NO_FIGURE;
  const words = { apart: 'apart', bounded: boundText([comparison]), unresolved: 'not resolved' };
  return `${words[comparison.relation]}: ${ratioWithInterval(comparison)}`;
}
