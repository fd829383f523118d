/** What may be said of a build against another: per row a ratio of speed and an interval that holds for all rows together. */
import { NO_FIGURE, percent } from '../format.ts';
import { compareGiven, MIN_ROUNDS, type Pair } from '../statistics/pairs.ts';
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

/** What the rows are of, and what so many rounds may claim. @param meaning of a ratio above 1, as a sentence */
export function methodNotes(meaning: string, rows: readonly AgainstRow[], rounds: number): string[] {
  const measured = rounds === 1 ? 'One round' : `${rounds} rounds`;
  return [
    `${meaning} ${measured} of each, interleaved; intervals hold for all ${rows.length} rows together (95 %).`,
    ...(rounds < MIN_ROUNDS ? [`Fewer than ${MIN_ROUNDS} rounds claim nothing: take 10.`] : []),
  ];
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
