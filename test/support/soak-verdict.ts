/** Whether the memory of a service grew in a soak. */
import { median } from 'simple-statistics';
import { type Point, type Trend, trendOf } from './robust-trend.ts';
import type { ServiceSample } from './thread-probe.ts';

/** Share by which a figure that grows has surely grown since the warm-up. Below, a runtime is still at its housekeeping. */
export const GROWS = 0.02;
/**
 * Share by which what is flat cannot have grown. Of a heap of tens of MiB that is less than a word for each request of
 * 20 minutes, so nothing is kept of each. Resident memory may do more: the allocator gives pages back when it likes.
 */
export const FLAT = { heap: 0.05, resident: 0.1 } as const;
/** Of one life of a thread, so many samples make a trend. */
const FEWEST = 8;

export interface SoakSample extends ServiceSample {
  readonly atSeconds: number;
}

export interface Series {
  readonly name: string;
  readonly kind: keyof typeof FLAT;
  readonly points: readonly Point[];
}

export interface Judged extends Series, Trend {
  readonly level: number;
  /** `noise`: neither that it grew nor that it did not is excluded. */
  readonly verdict: 'flat' | 'grows' | 'noise' | 'too few samples';
}

/** What the samples after the first third have of the process and of each thread; of one life, where that is long enough. */
export function seriesOf(samples: readonly SoakSample[]): Series[] {
  const judged = samples.slice(Math.floor(samples.length / 3));
  const names = judged[0]?.threads.map(({ thread }) => thread) ?? [];
  const perThread = names.map((thread): Series => {
    const points = judged.flatMap(({ atSeconds: at, threads }) =>
      threads
        .filter((one) => one.thread === thread)
        .map(({ slot, heapBytes, externalBytes }) => ({ at, slot, value: heapBytes + externalBytes })),
    );
    const lives = Array.from(Map.groupBy(points, ({ slot }) => slot).values());
    const longest = lives.reduce((long, life) => (life.length > long.length ? life : long), []);
    const isOne = lives.length === 1 || longest.length >= FEWEST;
    const title =
      thread === 'main' ? 'heap of main' : `heap of thread ${thread}${isOne ? '' : `, ${lives.length} lives`}`;
    return { name: title, kind: 'heap', points: isOne ? longest : points };
  });
  const resident = judged.map(({ atSeconds: at, residentBytes: value }) => ({ at, value }));
  return [{ name: 'resident set', kind: 'resident', points: resident }, ...perThread];
}

export function judge(series: Series): Judged {
  const { points, kind } = series;
  const level = median(points.map(({ value }) => value));
  if (points.length < FEWEST) return { ...series, level, growth: 0, least: 0, most: 0, verdict: 'too few samples' };
  const trend = trendOf(points);
  const grows = trend.least > GROWS * level;
  const isFlat = trend.most <= FLAT[kind] * level;
  return { ...series, level, ...trend, verdict: grows ? 'grows' : isFlat ? 'flat' : 'noise' };
}
