/** What a few rounds say of a figure: their median, and an interval that needs no assumption about their distribution. */
import { binomialDistribution, median } from 'simple-statistics';

export interface Estimate {
  /** The median over rounds. */
  readonly value: number;
  /** Two of the rounds' own values; undefined for a single round. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** How often such an interval contains the true median; below 0.95 it is a range, and no more. */
  readonly confidence: number;
  readonly rounds: number;
}

const WANTED_CONFIDENCE = 0.95;

/**
 * Which order statistics bound the median of n values, counted from 1 at either end, and how often they do: the median
 * lies outside when fewer than `rank` of n coin tosses fall on one side. n = 6 gives [min, max] and 96.9 %.
 *
 * @see Conover, "Practical Nonparametric Statistics", on confidence intervals for a quantile
 */
export function medianRanks(n: number): { readonly rank: number; readonly confidence: number } {
  const sides = (n > 0 ? binomialDistribution(n, 0.5) : undefined) ?? [];
  let outside = sides[0] ?? 0;
  let rank = 1;
  while (1 - 2 * (outside + (sides[rank] ?? 1)) >= WANTED_CONFIDENCE) outside += sides[rank++]!;
  return { rank, confidence: Math.max(0, 1 - 2 * outside) };
}

/** The estimate of all rounds; undefined when there are none or any is missing, since the others may be the lucky ones. */
export function estimateOf(values: readonly (number | undefined)[]): Estimate | undefined {
  const present = values.filter((value) => value !== undefined);
  if (present.length === 0 || present.length < values.length) return undefined;
  const sorted = present.toSorted((a, b) => a - b);
  const { rank, confidence } = medianRanks(sorted.length);
  const single = sorted.length === 1;
  return {
    value: median(sorted),
    low: single ? undefined : sorted[rank - 1]!,
    high: single ? undefined : sorted[sorted.length - rank]!,
    confidence,
    rounds: sorted.length,
  };
}
