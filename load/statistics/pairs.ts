/**
 * By what factor each two of several series differ: round by round, as log ratios, so that what slowed the whole machine
 * for a while, and the arrivals that a round's seed made, are in both and cancel out.
 *
 * The intervals are adjusted for the number of pairs: of candidates that are the same any is claimed to differ in at most
 * 5 of 100 comparisons. Each pair has a variance of its own, since a lock near its capacity is far
 * noisier than the rest, and an interval by Student's t at the level of its step in Holm's procedure. Where Levene's test
 * sees no variance that differs, Tukey's intervals with one pooled variance are as sure and much shorter.
 *
 * Noise is skewed: most rounds agree, and now and then one is far off. Six that happen to hold no such round look steadier
 * than they are, and with so many pairs some always do. No pair is therefore taken to be much steadier than most are.
 *
 * A step is made for a pair whose ratio is beyond the least effect that is worth a claim, and not merely beyond 1: the
 * interval of a claimed pair excludes that whole zone, and the level is that of the claims which are made.
 *
 * @see Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979); Serlin, "Confidence Intervals and the
 *   Scientific Method" (1993), for intervals at its steps; Brown and Forsythe, "Robust Tests for the Equality of Variances" (1974)
 */
import { mean, median, sampleStandardDeviation } from 'simple-statistics';
import { fAbove, rangeReach, tBeyond, tReach } from './distributions.ts';

export interface Series {
  readonly name: string;
  /** Positive; a round without a figure is undefined. */
  readonly perRound: readonly (number | undefined)[];
}

export interface Pair {
  readonly over: string;
  readonly under: string;
  /** Geometric mean over rounds of the first to the second. */
  readonly ratio: number;
  /** Its interval, adjusted for all pairs. */
  readonly low: number;
  readonly high: number;
  /** In which both have a figure. */
  readonly rounds: number;
}

export const LEVEL = 0.05;

/** Smaller effects are real at most, and not worth choosing by. */
export const LEAST_EFFECT = 1.05;

/** With fewer the spread is anybody's guess, and one round that went wrong decides. */
export const MIN_ROUNDS = 5;

/** Levene's test is weak in six rounds: variances are pooled only where it is far from seeing a difference. */
const POOL_FROM = 0.2;

/**
 * Of the median variance of all pairs, the share below which none is believed. Simulated with recorded noise it takes
 * the false claims of six candidates from 13 of 100 to 2, and from a true ratio of 1.2 hardly a finding.
 */
const STEADIEST = 0.3;

/** All pairs that share enough rounds. */
export function comparePairs(series: readonly Series[], level = LEVEL): Pair[] {
  const pairs = noneTooSteady(
    series.flatMap((over, index) => series.slice(index + 1).flatMap((under) => differenceOf(over, under))),
  );
  const pooled = pooledReach(series, level);
  const reaches = pooled === undefined ? steppedReaches(pairs, level) : pairs.map(() => pooled);
  return pairs.map((pair, index) => pairOf(pair, reaches[index]!));
}

/**
 * These pairs and no others, as one family; undefined for one that does not share enough rounds.
 *
 * @param leastEffect the factor beyond which a claim is wanted
 */
export function compareGiven(
  given: readonly (readonly [over: Series, under: Series])[],
  leastEffect: number,
  level = LEVEL,
): (Pair | undefined)[] {
  const found = given.map(([over, under]) => differenceOf(over, under)[0]);
  const pairs = noneTooSteady(found.filter((pair) => pair !== undefined));
  const reaches = steppedReaches(pairs, level, leastEffect);
  const judged = pairs.map((pair, index) => pairOf(pair, reaches[index]!));
  return found.map((pair) => pair && judged.shift()!);
}

function pairOf({ over, under, centre, rounds }: Difference, reach: number): Pair {
  return {
    over,
    under,
    ratio: Math.exp(centre),
    low: Math.exp(centre - reach),
    high: Math.exp(centre + reach),
    rounds,
  };
}

interface Difference {
  readonly over: string;
  readonly under: string;
  /** Mean log ratio and its standard error. */
  readonly centre: number;
  readonly error: number;
  readonly rounds: number;
}

function differenceOf(over: Series, under: Series): Difference[] {
  const logs = over.perRound.flatMap((value, round) => {
    const other = under.perRound[round];
    return isFigure(value) && isFigure(other) ? [Math.log(value / other)] : [];
  });
  if (logs.length < MIN_ROUNDS) return [];
  const error = sampleStandardDeviation(logs) / Math.sqrt(logs.length);
  return [{ over: over.name, under: under.name, centre: mean(logs), error, rounds: logs.length }];
}

function noneTooSteady(pairs: readonly Difference[]): Difference[] {
  if (pairs.length === 0) return [];
  const least = STEADIEST * median(pairs.map(({ error, rounds }) => error ** 2 * rounds));
  return pairs.map((pair) => ({ ...pair, error: Math.max(pair.error, Math.sqrt(least / pair.rounds)) }));
}

function isFigure(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

/** Half the width of each pair's interval, by Holm's steps. */
function steppedReaches(pairs: readonly Difference[], level: number, leastEffect = LEAST_EFFECT): number[] {
  const ascending = pairs.map((pair, index) => ({ index, p: beyond(leastEffect, pair) })).sort((a, b) => a.p - b.p);
  const failing = ascending.findIndex(({ p }, step) => p > level / (pairs.length - step));
  const lastStep = failing < 0 ? pairs.length - 1 : failing;
  const reaches = Array.from(pairs, () => 0);
  for (const [step, { index }] of ascending.entries()) {
    const { error, rounds } = pairs[index]!;
    reaches[index] = tReach(level / (pairs.length - Math.min(step, lastStep)), rounds - 1) * error;
  }
  return reaches;
}

/** How often so large a ratio would be seen if the true one were at most the least effect. */
function beyond(leastEffect: number, { centre, error, rounds }: Difference): number {
  const excess = Math.abs(centre) - Math.log(leastEffect);
  if (excess <= 0) return 1;
  return error === 0 ? 0 : tBeyond(excess / error, rounds - 1);
}

/** Half the width of all intervals where one variance will do for all series; undefined where it will not. */
function pooledReach(series: readonly Series[], level: number): number | undefined {
  const groups = series.length;
  if (groups < 3) return undefined; // of two, the paired interval is the same
  const rounds = Math.max(...series.map(({ perRound }) => perRound.length));
  const complete = Array.from({ length: rounds }, (_, round) => series.map(({ perRound }) => perRound[round])).filter(
    (values) => values.some(isFigure),
  );
  const logs = complete.map((values) => values.filter(isFigure).map(Math.log));
  if (logs.length < MIN_ROUNDS || logs.some(({ length }) => length < groups)) return undefined;
  const residuals = residualsOf(logs);
  if (levene(residuals) < POOL_FROM) return undefined;
  const squares = residuals.flat().reduce((sum, value) => sum + value ** 2, 0);
  const freedom = (groups - 1) * (logs.length - 1);
  return rangeReach(level, groups, freedom) * Math.sqrt(squares / freedom / logs.length);
}

/** By series, what is left of each round's value when the means of its series and of its round are taken out. */
export function residualsOf(rounds: readonly (readonly number[])[]): number[][] {
  const grand = mean(rounds.flat());
  const means = rounds.map((values) => mean([...values]));
  return rounds[0]!.map((_, group) => {
    const own = rounds.map((values) => values[group]!);
    const centre = mean(own);
    return own.map((value, round) => value - centre - means[round]! + grand);
  });
}

/** How often variances would seem to differ so much if they did not (Levene's test about the medians). */
export function levene(groups: readonly (readonly number[])[]): number {
  const spreads = groups.map((values) => {
    const centre = median([...values]);
    return values.map((value) => Math.abs(value - centre));
  });
  const grand = mean(spreads.flat());
  const between = spreads.reduce((sum, values) => sum + values.length * (mean(values) - grand) ** 2, 0);
  const within = spreads.reduce((sum, values) => {
    const centre = mean(values);
    return sum + values.reduce((total, value) => total + (value - centre) ** 2, 0);
  }, 0);
  if (within === 0) return between === 0 ? 1 : 0;
  const freedom = [groups.length - 1, spreads.flat().length - groups.length] as const;
  return fAbove(between / freedom[0] / (within / freedom[1]), ...freedom);
}
