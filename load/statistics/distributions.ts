/** The distributions behind the intervals. Those of `@stdlib` are held to R's values in the tests; quantiles are kept, since they are slow. */
import fCdf from '@stdlib/stats-base-dists-f-cdf';
import rangeQuantile from '@stdlib/stats-base-dists-studentized-range-quantile';
import tCdf from '@stdlib/stats-base-dists-t-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

const kept = new Map<string, number>();

function once(key: string, compute: () => number): number {
  let value = kept.get(key);
  if (value === undefined) kept.set(key, (value = compute()));
  return value;
}

/** How far Student's t reaches to either side, but for a share of `level` on both together. */
export function tReach(level: number, degreesOfFreedom: number): number {
  return once(`t ${level} ${degreesOfFreedom}`, () => tQuantile(1 - level / 2, degreesOfFreedom));
}

/** The share of Student's t beyond ±`t`. */
export function tBeyond(t: number, degreesOfFreedom: number): number {
  return 2 * tCdf(-Math.abs(t), degreesOfFreedom);
}

/** What the range of `groups` means, in standard errors of one, exceeds with a probability of `level` (R's `qtukey`). */
export function rangeReach(level: number, groups: number, degreesOfFreedom: number): number {
  return once(`q ${level} ${groups} ${degreesOfFreedom}`, () => rangeQuantile(1 - level, groups, degreesOfFreedom));
}

/** The share of the F distribution above `f`. */
export function fAbove(f: number, numerator: number, denominator: number): number {
  return 1 - fCdf(f, numerator, denominator);
}
