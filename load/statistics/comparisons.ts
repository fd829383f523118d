/** Every pair of candidates of a workload, by every figure: with its adjusted interval, and what it allows to say. */
import { lettersOf } from './letters.ts';
import { metricNames, metrics, type Metric } from './metrics.ts';
import { comparePairs, type Pair } from './pairs.ts';
import { relationOf, type Relation } from './relation.ts';
import type { Row } from './rows.ts';

export interface Comparison extends Pair {
  readonly workload: string;
  /** Of a sweep. */
  readonly point?: number;
  readonly metric: Metric;
  readonly relation: Relation;
}

/** Of the rows that are ranked. Controls are no candidates. The points of a sweep share the level of their workload. */
export function comparisonsOf(rows: readonly Row[]): Comparison[] {
  const ranked = rows.filter(({ kind, ranked: isRanked }) => kind !== 'control' && isRanked);
  return [...Map.groupBy(ranked, ({ workload }) => workload).values()].flatMap((own) => {
    const points = Map.groupBy(own, ({ point }) => point);
    return metricNames.flatMap((metric) =>
      [...points].flatMap(([point, family]) => {
        const level = metrics[metric].level / points.size;
        return compareRows(family, metric, level).map((comparison) => ({
          ...comparison,
          ...(point === undefined ? {} : { point }),
        }));
      }),
    );
  });
}

function compareRows(rows: readonly Row[], metric: Metric, level: number): Comparison[] {
  const shown = rows.filter(({ figures }) => figures[metric] !== undefined);
  const series = shown.map(({ strategy, perRound }) => ({ name: strategy, perRound: perRound[metric] }));
  return comparePairs(series, level).map((pair) => {
    const [over, under] = [pair.over, pair.under].map((name) => shown.find(({ strategy }) => strategy === name)!);
    const relation = relationOf(pair);
    return {
      ...pair,
      workload: over!.workload,
      metric,
      relation: relation === 'apart' && !medianAgrees(pair, over!, under!, metric) ? 'unresolved' : relation,
    };
  });
}

/** The table shows medians: where they point the other way than the pairs of rounds, neither is to be believed. */
function medianAgrees({ ratio }: Pair, over: Row, under: Row, metric: Metric): boolean {
  const difference = over.figures[metric]!.value - under.figures[metric]!.value;
  return Math.sign(difference) === Math.sign(Math.log(ratio));
}

/** The comparison of two candidates, the first to the second, whichever way round it was made. */
export function comparisonBetween(
  comparisons: readonly Comparison[],
  wanted: Pick<Comparison, 'workload' | 'metric' | 'over' | 'under' | 'point'>,
): Comparison | undefined {
  const { over, under } = wanted;
  for (const comparison of comparisons) {
    if (comparison.workload !== wanted.workload || comparison.metric !== wanted.metric) continue;
    if (comparison.point !== wanted.point) continue;
    if (comparison.over === over && comparison.under === under) return comparison;
    if (comparison.over === under && comparison.under === over) {
      const { ratio, low, high } = comparison;
      return { ...comparison, over, under, ratio: 1 / ratio, low: 1 / high, high: 1 / low };
    }
  }
  return undefined;
}

/** The factor between two rows: that of their pairs of rounds, else, of too few rounds, that of their figures. */
export function ratioBetween(
  comparisons: readonly Comparison[],
  metric: Metric,
  over: Row,
  under: Row,
): Pick<Pair, 'ratio'> & Partial<Comparison> {
  const { workload, point } = over;
  const wanted = { workload, metric, over: over.strategy, under: under.strategy };
  const found = comparisonBetween(comparisons, point === undefined ? wanted : { ...wanted, point });
  return found ?? { ratio: over.figures[metric]!.value / under.figures[metric]!.value };
}

/** By candidate: two without a letter in common are apart. Empty where nothing was compared. */
export function lettersFor(
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  metric: Metric,
): Map<string, string> {
  const own = comparisons.filter(
    (item) => item.metric === metric && item.workload === rows[0]?.workload && item.point === rows[0].point,
  );
  const compared = rows.filter(({ strategy }) =>
    own.some(({ over, under }) => over === strategy || under === strategy),
  );
  const sign = metrics[metric].more === 'better' ? -1 : 1;
  const names = compared
    .toSorted((a, b) => sign * (a.figures[metric]!.value - b.figures[metric]!.value))
    .map(({ strategy }) => strategy);
  const apart = new Set(
    own.flatMap(({ over, under, relation }) => (relation === 'apart' ? [`${over}\n${under}`] : [])),
  );
  return names.length < 2
    ? new Map()
    : lettersOf(names, (one, other) => apart.has(`${one}\n${other}`) || apart.has(`${other}\n${one}`));
}
