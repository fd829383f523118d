/** What the capacity searches of a strategy say together. */
import { median } from 'simple-statistics';
import type { CapacityResult } from '../results-file.ts';

export interface CapacityRow {
  readonly workload: string;
  readonly strategy: string;
  /** The highest rate within the SLO; the median of several searches. Undefined when no rate passed. */
  readonly perSecond: number | undefined;
  /** Of one search what passed and what failed; of several their range. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** The generator's limit, or the end of the time, came first: it is at least this. */
  readonly atLeast: boolean;
  /** Why a search ended before its end; of one without a rate that passed, nothing is known. */
  readonly stopped: CapacityResult['stopped'];
  readonly searches: number;
}

/** One row per workload and strategy; searches that were interrupted do not count. */
export function capacitiesOf(results: readonly CapacityResult[]): CapacityRow[] {
  const finished = results.filter(({ done }) => done);
  return [...Map.groupBy(finished, ({ workload, strategy }) => `${workload}\n${strategy}`).values()].map((searches) => {
    const { workload, strategy } = searches[0]!;
    const passed = searches.flatMap(({ passedPerSecond }) => passedPerSecond ?? []);
    const complete = passed.length === searches.length;
    return {
      workload,
      strategy,
      perSecond: complete ? median(passed) : undefined,
      low: complete ? Math.min(...passed) : undefined,
      high: complete ? highest(searches, passed) : undefined,
      atLeast:
        complete && searches.some((search) => search.failedPerSecond === undefined || search.stopped !== undefined),
      stopped: searches.find((search) => search.stopped !== undefined)?.stopped,
      searches: searches.length,
    };
  });
}

function highest(searches: readonly CapacityResult[], passed: readonly number[]): number | undefined {
  return searches.length === 1 ? searches[0]!.failedPerSecond : Math.max(...passed);
}
