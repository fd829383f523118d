/** What may be said of two candidates, and in which words: they follow the interval, and nothing is called equal. */
import { listText, ratioText } from '../format.ts';
import { LEAST_EFFECT, type Pair } from './pairs.ts';

/** `apart`: by more than what is worth a claim. `bounded`: at most so far apart. Else the rounds do not say. */
export type Relation = 'apart' | 'bounded' | 'unresolved';

/** A wider bound helps nobody to choose. */
export const WIDEST_BOUND = 1.25;

type Interval = Pick<Pair, 'low' | 'high'>;

export function relationOf({ low, high }: Interval): Relation {
  if (low > LEAST_EFFECT || high < 1 / LEAST_EFFECT) return 'apart';
  return furthest({ low, high }) <= WIDEST_BOUND ? 'bounded' : 'unresolved';
}

/** The factor by which the interval is furthest from 1. */
export function furthest({ low, high }: Interval): number {
  return Math.max(high, 1 / low);
}

/** "at most 12 % apart", of the widest of the intervals. */
export function boundText(intervals: readonly Interval[]): string {
  const widest = Math.max(...intervals.map(furthest));
  return `at most ${Math.ceil(Number(((widest - 1) * 100).toFixed(6)))} % apart`;
}

/** "1.25 [1.16–1.36]". */
export function ratioWithInterval({ ratio, low, high }: Pick<Pair, 'ratio' | 'low' | 'high'>): string {
  return `${ratioText(ratio)} [${ratioText(low)}–${ratioText(high)}]`;
}

/** A factor; with an interval where there were rounds enough. */
export type Ratio = Pick<Pair, 'ratio'> & Partial<Interval & { readonly relation: Relation }>;

/** The ratio with its interval, and in words what no claim can be made of; without an interval the bare factor. */
export function pairText({ ratio, low, high, relation }: Ratio): string {
  if (low === undefined || high === undefined) return ratioText(ratio);
  const shown = ratioWithInterval({ ratio, low, high });
  if (relation === 'apart') return shown;
  return `${relation === 'bounded' ? boundText([{ low, high }]) : 'not resolved'}: ${shown}`;
}

/** "actor’s is 1.25 [1.16–1.36] times sync-lock’s", the larger one first. */
export function apartText(pair: Pair): string {
  const { over, under, ratio, low, high } = pair;
  return ratio >= 1
    ? `${over}’s is ${ratioWithInterval(pair)} times ${under}’s`
    : `${under}’s is ${ratioWithInterval({ ratio: 1 / ratio, low: 1 / high, high: 1 / low })} times ${over}’s`;
}

/** Of several that are not told apart. */
export function togetherText(
  names: readonly string[],
  pairs: readonly (Interval & { readonly relation: Relation })[],
): string {
  const all = (names.length * (names.length - 1)) / 2;
  const bounded = pairs.length === all && pairs.every(({ relation }) => relation === 'bounded');
  return bounded ? `${listText(names)} are ${boundText(pairs)}` : `between ${listText(names)} it is not resolved`;
}
