/**
 * Whether something grows, by the Theil–Sen estimator: the median of the slopes between all pairs of points, which up to
 * 29 % of outliers do not move, with the interval that Kendall's rank correlation gives it.
 *
 * @see Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau" (1968)
 */
import { medianSorted, probit } from 'simple-statistics';

export interface Point {
  readonly at: number;
  readonly value: number;
}

/** Growth from the first point to the last, with the ends of its interval. */
export interface Trend {
  readonly growth: number;
  readonly least: number;
  readonly most: number;
}

const CONFIDENCE = 0.99;

/** @param points at least three, at different times, in their order */
export function trendOf(points: readonly Point[]): Trend {
  const slopes: number[] = [];
  for (const [index, { at, value }] of points.entries()) {
    for (const later of points.slice(index + 1)) slopes.push((later.value - value) / (later.at - at));
  }
  slopes.sort((a, b) => a - b);
  const count = points.length;
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const spread = probit((1 + CONFIDENCE) / 2) * deviation;
  const end = (index: number): number => slopes[Math.min(slopes.length - 1, Math.max(0, index))]!;
  const elapsed = points.at(-1)!.at - points[0]!.at;
  return {
    growth: medianSorted(slopes) * elapsed,
    least: end(Math.floor((slopes.length - spread) / 2)) * elapsed,
    most: end(Math.ceil((slopes.length + spread) / 2)) * elapsed,
  };
}
