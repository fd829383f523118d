/** Whether the memory of a service grew in a soak. */
import { median } from 'simple-statistics';
import { type Point, type Trend, trendOf } from './robust-trend.ts';
import type { ServiceSample } from './thread-probe.ts';

/** Share of a figure that it may surely have grown by since the warm-up. Below, a runtime is still at its housekeeping. */
export const FLAT = 0.02;
/** An interval as wide as this share says nothing. */
const NOISY = 0.2;
/** Of one life of a thread, so many samples make a trend. */
const FEWEST = 8;

export interface SoakSample extends ServiceSample {
  readonly atSeconds: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Judged extends Series, Trend {
  readonly level: number;
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
    return { name: title, points: isOne ? longest : points };
  });
  const resident = judged.map(({ atSeconds: at, residentBytes: value }) => ({ at, value }));
  return [{ name: 'resident set', points: resident }, ...perThread];
}

export function judge(series: Series): Judged {
  const { points } = series;
  const level = median(points.map(({ value }) => value));
  if (points.length < FEWEST) return { ...series, level, growth: 0, least: 0, most: 0, verdict: 'too few samples' };
  const trend = trendOf(points);
  const grows = trend.least > FLAT * level;
  const isNoise = trend.most - trend.least > NOISY * level;
  return { ...series, level, ...trend, verdict: grows ? 'grows' : isNoise ? 'noise' : 'flat' };
}
