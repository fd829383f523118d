/** Every pair of candidates of a workload, by every figure: with its adjusted interval, and what it allows to say. */
import { lettersOf } from './letters.ts';
import { metricNames, metrics, type Metric } from './metrics.ts';
import { comparePairs, MIN_ROUNDS, type Pair } from './pairs.ts';
import { relationOf, type Ratio, type Relation } from './relation.ts';
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
    const held = holding(pair, over!.figures[metric]!.value / under!.figures[metric]!.value);
    return { ...held, workload: over!.workload, metric, relation: relationOf(held) };
  });
}

/** The tables show medians: an interval is widened to hold their quotient, so that nothing said of it contradicts them. */
function holding(pair: Pair, quotient: number): Pair {
  return { ...pair, low: Math.min(pair.low, quotient), high: Math.max(pair.high, quotient) };
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

/**
 * The factor between two rows: that of their pairs of rounds, else, in too few rounds for any claim, that of their figures.
 * None where one of them is not ranked, or where rounds enough were measured and too few of them can be paired.
 */
export function ratioBetween(
  comparisons: readonly Comparison[],
  metric: Metric,
  over: Row,
  under: Row,
): Ratio | undefined {
  if (!over.ranked || !under.ranked) return undefined;
  const { workload, point } = over;
  const wanted = { workload, metric, over: over.strategy, under: under.strategy };
  const found = comparisonBetween(comparisons, point === undefined ? wanted : { ...wanted, point });
  if (found !== undefined || Math.max(over.rounds, under.rounds) >= MIN_ROUNDS) return found;
  return { ratio: over.figures[metric]!.value / under.figures[metric]!.value };
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
