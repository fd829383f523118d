/** The arithmetic of the bench: medians of ratios that were taken within one round, never ratios of medians. */
import { median } from 'simple-statistics';
import type { Ratio } from './suite.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export type Verdict = 'met' | 'missed' | 'not measured';

/**
 * `over` divided by `under`, round by round. What slows the whole machine for a while is in both, and cancels out.
 *
 * @throws {RangeError} they do not have the same number of rounds
 */
export function ratiosOf(
  over: readonly (number | undefined)[],
  under: readonly (number | undefined)[],
): (number | undefined)[] {
  if (over.length !== under.length) throw new RangeError(`${over.length} rounds against ${under.length}`);
  return over.map((value, round) => {
    const other = under[round];
    return value === undefined || other === undefined || other === 0 ? undefined : value / other;
  });
}

/** Median and range of what was measured; undefined when a round is missing, since the others may be the lucky ones. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const present = values.filter((value) => value !== undefined);
  if (present.length === 0 || present.length < values.length) return undefined;
  return { median: median(present), least: Math.min(...present), most: Math.max(...present) };
}

/** Whether a ratio's median is where it should be; undefined for one without a goal. */
export function verdictOf({ values, goal, atMost }: Ratio): Verdict | undefined {
  if (goal === undefined && atMost === undefined) return undefined;
  const spread = spreadOf(values);
  if (spread === undefined) return 'not measured';
  return spread.median >= (goal ?? -Infinity) && spread.median <= (atMost ?? Infinity) ? 'met' : 'missed';
}
