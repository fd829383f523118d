/** Which differences between candidates may be claimed: every pair of a workload, per metric, adjusted for their number. */
import { comparePaired, type Comparison } from './paired.ts';
import { holmAdjusted } from './holm.ts';
import type { Metric, Row } from './rows.ts';

/** A pair of rows and what became of it. */
export interface Claim extends Comparison {
  readonly workload: string;
  readonly metric: Metric;
  readonly over: string;
  readonly under: string;
  /** After Holm's adjustment over all pairs of the workload and metric. */
  readonly adjustedP: number;
  /** The adjusted interval excludes 1, and the effect is large enough to matter. */
  readonly claimed: boolean;
}

/** Smaller effects are real at most, and not worth choosing by. */
const LEAST_EFFECT = 1.05;
const LEVEL = 0.05;

const metrics: readonly Metric[] = ['throughput', 'p50', 'p99', 'cpu', 'bystander'];

/** Every comparison of rows of the same workload and sweep point. Controls are no candidates. */
export function claimsOf(rows: readonly Row[], seed: number): Claim[] {
  const families = Map.groupBy(
    rows.filter(({ kind }) => kind !== 'control'),
    ({ workload, point }) => `${workload} ${point ?? ''}`,
  );
  return [...families.values()].flatMap((family) => metrics.flatMap((metric) => familyClaims(family, metric, seed)));
}

function familyClaims(rows: readonly Row[], metric: Metric, seed: number): Claim[] {
  const compared = rows.flatMap((over, index) =>
    rows.slice(index + 1).flatMap((under) => {
      const comparison = comparePaired(over.perRound[metric], under.perRound[metric], seed);
      return comparison === undefined ? [] : [{ over, under, comparison }];
    }),
  );
  const adjusted = holmAdjusted(compared.map(({ comparison }) => comparison.p));
  return compared.map(({ over, under, comparison }, index) => ({
    workload: over.workload,
    metric,
    over: over.strategy,
    under: under.strategy,
    ...comparison,
    adjustedP: adjusted[index]!,
    claimed: adjusted[index]! < LEVEL && Math.abs(Math.log(comparison.ratio)) > Math.log(LEAST_EFFECT),
  }));
}

/** The comparison of two candidates, whichever way round it was made. */
export function claimBetween(
  claims: readonly Claim[],
  wanted: { readonly workload: string; readonly metric: Metric; readonly over: string; readonly under: string },
): Claim | undefined {
  const { workload, metric, over, under } = wanted;
  for (const claim of claims) {
    if (claim.workload !== workload || claim.metric !== metric) continue;
    if (claim.over === over && claim.under === under) return claim;
    if (claim.over === under && claim.under === over) {
      return { ...claim, over, under, ratio: 1 / claim.ratio, low: 1 / claim.high, high: 1 / claim.low };
    }
  }
  return undefined;
}
