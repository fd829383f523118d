/**
 * What the rules do with noise as it was recorded: how often they claim something of candidates that are the same, and
 * how often they find a ratio that is there. Rounds are drawn out of what is left of the recorded values when the means
 * of candidates and rounds are taken out of their logarithms.
 */
import { seededRandom } from '../seeded-random.ts';
import { metricNames, metrics, type Metric } from './metrics.ts';
import { comparePairs, residualsOf, type Series } from './pairs.ts';
import { relationOf } from './relation.ts';
import type { Row } from './rows.ts';

/** By figure, the logarithms of what is noise, by candidate. */
export type Noise = Readonly<Partial<Record<Metric, readonly (readonly number[])[]>>>;

/** That of the strategies of one workload; a figure that a round of one is missing, or that two have not got, is left out. */
export function noiseOf(rows: readonly Row[]): Noise {
  const strategies = rows.filter(({ kind, ranked }) => kind === 'strategy' && ranked);
  const entries = metricNames.flatMap((metric) => {
    const series = strategies.map(({ perRound }) => perRound[metric]).filter((values) => !values.includes(undefined));
    const rounds = series[0]?.map((_, round) => series.map((values) => Math.log(values[round]!))) ?? [];
    if (series.length < 2 || rounds.length < 2 || rounds.flat().some((value) => !Number.isFinite(value))) return [];
    // What is left is smaller than the noise was, by the means that were taken out of it.
    const groups = series.length;
    const scale = Math.sqrt((groups * rounds.length) / ((groups - 1) * (rounds.length - 1)));
    return [[metric, residualsOf(rounds).map((values) => values.map((value) => value * scale))] as const];
  });
  return Object.fromEntries(entries);
}

export interface Simulation {
  readonly noise: Noise;
  readonly candidates: number;
  readonly rounds: number;
  readonly comparisons: number;
  readonly seed: number;
  /** Each draws out of the noise of one that was recorded, instead of out of all of it: some are then noisier than others. */
  readonly ownNoise?: boolean;
}

/** The share of comparisons of identical candidates in which anything at all is claimed, by any figure. */
export function falseClaimShare(simulation: Simulation): number {
  return shareOf(simulation, (random) =>
    metricNames.some((metric) => {
      const series = drawn(simulation, metric, random, []);
      return series !== undefined && claimed(series, metric).length > 0;
    }),
  );
}

/** The share of comparisons in which the ratio of the first candidate to the second is claimed, where it is `ratio`. */
export function foundShare(simulation: Simulation, metric: Metric, ratio: number): number {
  return shareOf(simulation, (random) => {
    const series = drawn(simulation, metric, random, [ratio]);
    return series !== undefined && claimed(series, metric).some(({ over, under }) => over === '0' && under === '1');
  });
}

/** The smallest of the `ratios` that is found in at least `power` of the comparisons; undefined when none is. */
export function leastFound(
  simulation: Simulation,
  metric: Metric,
  { ratios, power }: { readonly ratios: readonly number[]; readonly power: number },
): number | undefined {
  return ratios.toSorted((a, b) => a - b).find((ratio) => foundShare(simulation, metric, ratio) >= power);
}

/** The share of sweeps of identical candidates in which any two cross. */
export function falseCrossingShare(simulation: Simulation, points: number): number {
  return shareOf(simulation, (random) => {
    const leads = Array.from({ length: points }, () => {
      const series = drawn(simulation, 'throughput', random, []);
      return series === undefined ? [] : claimed(series, 'throughput', metrics.throughput.level / points);
    });
    const directions = Map.groupBy(leads.flat(), ({ over, under }) => `${over} ${under}`);
    return [...directions.values()].some((own) => own.some(({ ratio }) => ratio > 1 !== own[0]!.ratio > 1));
  });
}

function claimed(series: readonly Series[], metric: Metric, level = metrics[metric].level) {
  return comparePairs(series, level).filter((pair) => relationOf(pair) === 'apart');
}

function shareOf({ comparisons, seed }: Simulation, holds: (random: () => number) => boolean): number {
  const random = seededRandom(seed);
  let count = 0;
  for (let index = 0; index < comparisons; index++) if (holds(random)) count++;
  return count / comparisons;
}

/** All draw out of the noise of all who were recorded, or each out of one's own; the first of them are larger by `ratios`. */
function drawn(
  { noise, candidates, rounds, ownNoise = false }: Simulation,
  metric: Metric,
  random: () => number,
  ratios: readonly number[],
): Series[] | undefined {
  const recorded = noise[metric];
  if (recorded === undefined) return undefined;
  const all = recorded.flat();
  return Array.from({ length: candidates }, (_, index) => {
    const source = ownNoise ? recorded[index % recorded.length]! : all;
    const perRound = Array.from(
      { length: rounds },
      () => Math.exp(source[Math.floor(random() * source.length)]!) * (ratios[index] ?? 1),
    );
    return { name: String(index), perRound };
  });
}
