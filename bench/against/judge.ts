/** Which rows of two builds are held against each other: those that both have, all turned so that more is better. */
import type { PairedSeries } from '../../load/against/verdict.ts';
import type { Series } from '../suite.ts';
import type { SideSeries } from './sides.ts';

/** What is better: more of it, or less. Of other units nothing is judged. */
const BETTER: Readonly<Record<string, 'more' | 'less'>> = {
  'requests/s': 'more',
  'M/s': 'more',
  'server CPU µs/request': 'less',
  'MiB resident': 'less',
};

export interface Matched {
  readonly rows: readonly PairedSeries[];
  /** What only one of the builds measures. */
  readonly unmatched: readonly string[];
}

export function matchRows(after: SideSeries, before: SideSeries): Matched {
  const [own, other] = [judged(after), judged(before)];
  return {
    rows: [...own].flatMap(([name, { unit, values }]): PairedSeries[] => {
      const theirs = other.get(name)?.values;
      if (theirs === undefined) return [];
      return [
        BETTER[unit] === 'more'
          ? { name, after: values, before: theirs }
          : { name, after: values.map(inverse), before: theirs.map(inverse) },
      ];
    }),
    unmatched: [
      ...[...own.keys()].filter((name) => !other.has(name)).map((name) => `${name}: only after`),
      ...[...other.keys()].filter((name) => !own.has(name)).map((name) => `${name}: only before`),
    ],
  };
}

function judged({ series }: SideSeries): ReadonlyMap<string, Series> {
  const rows = series.filter(({ unit }) => unit in BETTER);
  return new Map(rows.map((row) => [`${row.load} · ${row.subject}, ${row.unit}`, row]));
}

function inverse(value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : 1 / value;
}
