/** What may be said of a build against another: per row a ratio of speed and an interval that holds for all rows together. */
import { NO_FIGURE, percent } from '../format.ts';
import { compareGiven, type Pair } from '../statistics/pairs.ts';
import { boundText, furthest, ratioWithInterval, WIDEST_BOUND } from '../statistics/relation.ts';

/** One figure of both builds, round by round, turned so that more is better. */
export interface PairedSeries {
  readonly name: string;
  readonly after: readonly (number | undefined)[];
  readonly before: readonly (number | undefined)[];
}

export interface AgainstRow {
  readonly name: string;
  /** After divided by before: below 1 is slower. Undefined where the rounds do not suffice. */
  readonly interval: Pair | undefined;
  readonly outcome: 'slower' | 'faster' | 'bounded' | 'not resolved';
}

/**
 * Judges the rows as one family.
 *
 * @param tolerance share by which a build may be slower; `slower` says that the whole interval lies beyond it
 */
export function judgeAgainst(rows: readonly PairedSeries[], tolerance: number): AgainstRow[] {
  const intervals = compareGiven(
    rows.map(({ name, after, before }) => [
      { name, perRound: after },
      { name: `${name} before`, perRound: before },
    ]),
    1 / (1 - tolerance),
  );
  return rows.map(({ name }, index) => {
    const interval = intervals[index];
    return { name, interval, outcome: outcomeOf(interval, tolerance) };
  });
}

function outcomeOf(interval: Pair | undefined, tolerance: number): AgainstRow['outcome'] {
  if (interval === undefined) return 'not resolved';
  if (interval.high < 1 - tolerance) return 'slower';
  if (interval.low > 1 / (1 - tolerance)) return 'faster';
  return furthest(interval) <= WIDEST_BOUND ? 'bounded' : 'not resolved';
}

export function outcomeText({ interval, outcome }: AgainstRow): string {
  return outcome === 'bounded' ? boundText([interval!]) : outcome;
}

/** `0.97 [0.94–1.01]` */
export function againstRatioText({ interval }: AgainstRow): string {
  return interval === undefined ? NO_FIGURE : ratioWithInterval(interval);
}

/** How many rows came out how. */
export function tallyText(rows: readonly AgainstRow[], tolerance: number): string {
  const count = (outcome: AgainstRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  return `${count('slower')} slower and ${count('faster')} faster by more than ${percent(tolerance)}, of ${rows.length}.`;
}

export function isSlower({ rows }: { readonly rows: readonly AgainstRow[] }): boolean {
  return rows.some(({ outcome }) => outcome === 'slower');
}

/** The exit code of a run in which something is slower: neither a failure nor a mistake in its flags. */
export const EXIT_SLOWER = 3;
