/** The tables of the bench. Pure: a result in, text out. */
import { boxed, type TextTable } from '../load/report/boxed.ts';
import { spreadOf, verdictOf, type Spread } from './statistics.ts';
import type { Ratio, Series, SuiteResult } from './suite.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** One row per load and subject, one column per unit. */
export function seriesTable(series: readonly Series[]): TextTable {
  const units = [...new Set(series.map(({ unit }) => unit))];
  const rows = Map.groupBy(series, ({ load, subject }) => `${load} · ${subject}`);
  return [
    ['median (range)', ...units],
    ...[...rows].map(([name, cells]) =>
      [name].concat(units.map((unit) => spreadText(cells.find((cell) => cell.unit === unit)?.values, quantityText))),
    ),
  ];
}

export function ratioTable(ratios: readonly Ratio[]): TextTable {
  return [
    ['ratio within a round', 'median (range)', 'goal', ''],
    ...ratios.map((ratio) => [
      ratio.name,
      spreadText(ratio.values, (value) => value.toFixed(2)),
      goalText(ratio),
      verdictOf(ratio) ?? '',
    ]),
  ];
}

function goalText({ goal, atMost }: Ratio): string {
  return [goal === undefined ? [] : `≥ ${goal}`, atMost === undefined ? [] : `≤ ${atMost}`].flat().join(', ');
}

/** Everything about one suite for the terminal. */
export function terminalReport({ setup, series, ratios, notes, failures }: SuiteResult): string {
  return [
    Object.entries(setup)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    boxed(seriesTable(series)),
    boxed(ratioTable(ratios)),
    ...notes,
    ...failures.map((failure) => `VOID. ${failure}`),
  ].join('\n');
}

export function markdownTable([head = [], ...rows]: TextTable): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function spreadText(values: Ratio['values'] | undefined, text: (value: number) => string): string {
  const spread: Spread | undefined = values === undefined ? undefined : spreadOf(values);
  return spread === undefined ? '–' : `${text(spread.median)} (${text(spread.least)}–${text(spread.most)})`;
}

/** Three digits are more than a noisy machine can repeat. */
function quantityText(value: number): string {
  return value >= 100 ? whole.format(value) : value.toPrecision(3);
}
