/** Where in a sweep one candidate overtakes another: only where both leads are claimed, on either side. */
import type { Comparison } from './comparisons.ts';

export interface Crossing {
  readonly workload: string;
  /** Ahead below the crossing, and ahead above it. */
  readonly before: string;
  readonly after: string;
  /** The two measured points it lies between. */
  readonly from: number;
  readonly to: number;
}

/** By throughput, of the comparisons of a sweep. */
export function crossingsOf(comparisons: readonly Comparison[]): Crossing[] {
  const swept = comparisons.filter(({ metric, point }) => metric === 'throughput' && point !== undefined);
  const pairs = Map.groupBy(swept, ({ workload, over, under }) => `${workload}\n${over}\n${under}`);
  return [...pairs.values()].flatMap((own) => {
    const leads = own.filter(({ relation }) => relation === 'apart').toSorted((a, b) => a.point! - b.point!);
    return leads.slice(1).flatMap((to, index) => {
      const from = leads[index]!;
      if (from.ratio > 1 === to.ratio > 1) return [];
      const { workload, over, under } = from;
      const [before, after] = from.ratio > 1 ? [over, under] : [under, over];
      return [{ workload, before, after, from: from.point!, to: to.point! }];
    });
  });
}
