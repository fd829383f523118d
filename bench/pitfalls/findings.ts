/** What the lab found, and the arithmetic on it: medians, and ratios within a round. */
import { median } from 'simple-statistics';
import type { Machine } from '../../load/machine.ts';
import { quantile } from '../../src/pitfalls/probe.ts';
import type { Measure, Pitfall, Version } from '../../src/pitfalls/pitfall.ts';
import { ratiosOf } from '../statistics.ts';

/** One figure of both versions, round by round. */
export interface Finding extends Measure, Readonly<Record<Version, readonly number[]>> {}

/** All figures of one pitfall; the first is its symptom. */
export interface Findings {
  readonly pitfall: string;
  readonly findings: readonly Finding[];
}

/** A run of the lab: what pitfalls.json has. The words are in the code. */
export interface LabRun {
  readonly status: 'complete' | 'interrupted';
  readonly startedAt: string;
  readonly command: string;
  readonly machine: Machine;
  /** Of the minute before the run: what else used the machine. */
  readonly loadAverage: number;
  readonly rounds: number;
  readonly pitfalls: readonly Findings[];
}

export type Round = Readonly<Record<Version, Readonly<Record<string, number>>>>;

export function findingsOf({ name, measures }: Pitfall, rounds: readonly Round[]): Findings {
  const valuesOf = (version: Version, key: string): number[] => rounds.map((round) => round[version][key]!);
  const findings = Object.entries(measures).map(([key, { name: measured, unit, better }]): Finding => ({
    name: measured,
    unit,
    better,
    broken: valuesOf('broken', key),
    fixed: valuesOf('fixed', key),
  }));
  return { pitfall: name, findings };
}

/** How many times worse the broken version is: the median over the rounds. Infinite where the fix leaves nothing. */
export function timesWorse({ better, broken, fixed }: Finding): number {
  const [over, under] = better === 'lower' ? [broken, fixed] : [fixed, broken];
  return quantile(
    ratiosOf(over, under).map((ratio, round) => ratio ?? (over[round] === under[round] ? 1 : Number.POSITIVE_INFINITY)),
    0.5, // of an even number the lower middle one: two infinite ratios have no mean
  );
}

/** Whether the run shows the symptom: in its first figure the broken version is worse. */
export function isShown({ findings: [symptom] }: Findings): boolean {
  return symptom !== undefined && timesWorse(symptom) > 1;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** The median as text. Three digits are more than a noisy machine can repeat. */
export function figureText({ unit, ...finding }: Finding, version: Version): string {
  const value = median([...finding[version]]);
  const text = quantityText(value);
  return unit === '' ? text : `${text}${unit.startsWith('/') ? '' : ' '}${unit}`;
}

/** The ratio as text; "gone" where the fix leaves nothing of it. */
export function ratioText(finding: Finding): string {
  const ratio = timesWorse(finding);
  if (ratio === Number.POSITIVE_INFINITY) return 'gone';
  return `${ratio >= 100 ? whole.format(ratio) : ratio.toPrecision(2)} ×`;
}

/** What to say about a machine that had other work to do; empty when it had not. */
export function busyText({ loadAverage, machine: { cores } }: Pick<LabRun, 'loadAverage' | 'machine'>): string {
  if (loadAverage < cores) return '';
  return `Other work used this machine (load ${loadAverage.toFixed(0)} on ${cores} cores): times are too long, and ratios too small.`;
}

function quantityText(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 100 || Number.isInteger(value)) return whole.format(value);
  return value.toPrecision(value < 10 ? 2 : 3);
}
