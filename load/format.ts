/** Figures as text: the same in the terminal, in Markdown and on the page. */
import type { Estimate } from './statistics/estimate.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const NO_FIGURE = '–';

export function wholeText(value: number | undefined): string {
  return value === undefined ? NO_FIGURE : whole.format(value);
}

/** Milliseconds, with as many digits as a reader can use. */
export function msText(value: number | undefined): string {
  if (value === undefined) return NO_FIGURE;
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${share < 0.1 ? (share * 100).toFixed(1) : whole.format(share * 100)} %`;
}

export function ratioText(value: number): string {
  if (value >= 100) return whole.format(value);
  return value >= 10 || value < 0.1 ? value.toPrecision(2) : value.toFixed(2);
}

/** ` [low–high]`, or nothing for a single round. */
export function intervalText({ low, high }: Pick<Estimate, 'low' | 'high'>, text: (value: number) => string): string {
  return low === undefined || high === undefined ? '' : ` [${text(low)}–${text(high)}]`;
}

export function estimateText(estimate: Estimate | undefined, text: (value: number) => string): string {
  return estimate === undefined ? NO_FIGURE : `${text(estimate.value)}${intervalText(estimate, text)}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(items: readonly string[], last = 'and'): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)!}`;
}

export function durationText(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 5_400 ? `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
