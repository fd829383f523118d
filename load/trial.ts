/**
 * Who takes part; and two trials of the comparison itself, in which the right answer is known beforehand: the same
 * strategy under two names, which must not be told apart, and one that is slowed or burns CPU on purpose, which must be.
 */
import { UsageError } from './errors.ts';
import type { Candidate } from './registry.ts';

export type Trial = 'aa' | 'slowed';

/** By how much the slowed strategy's calls of the origin take longer. */
export const SLOWED_BY = 0.2;
const ORIGIN_LATENCY_MS = 5;

/** CPU that the burning ones spend in each critical section: about 5, 10, 20 and 40 % of what a request takes. */
export const BURNT_US = [1, 3, 6, 12] as const;

export function slowedName(strategy: string): string {
  return `${strategy} slowed`;
}

export function burningName(strategy: string, burntUs: number): string {
  return `${strategy} burning ${burntUs} µs`;
}

/**
 * The named strategies, or all but the floors; and always the control, since without it no proof proves anything. In a
 * trial the first of them twice.
 *
 * @throws {UsageError} a named one cannot be served with this origin
 */
export function candidatesFor(
  choice: {
    readonly strategies: readonly string[];
    readonly origin: string;
    readonly trial?: Trial;
    readonly against?: unknown;
  },
  registry: readonly Candidate[],
): Candidate[] {
  const { strategies: names, origin, trial } = choice;
  const offered = registry.filter(({ needs }) => needs === undefined || needs === origin);
  const missing = names.find((name) => !offered.some((candidate) => candidate.name === name));
  if (missing !== undefined) throw new UsageError(`--strategy "${missing}" needs --origin redis`);
  if (trial !== undefined) return trialOf(trial, names, offered);
  const chosen = offered.filter(
    ({ name, kind }) => kind === 'control' || (names.length === 0 ? kind !== 'floor' : names.includes(name)),
  );
  return choice.against === undefined ? chosen : chosen.flatMap(withBefore);
}

/** The control shows what the proofs are worth, and they are those of this build. */
function withBefore(candidate: Candidate): Candidate[] {
  if (candidate.kind === 'control') return [candidate];
  return [candidate, { ...candidate, name: nameBefore(candidate.name), build: 'before' }];
}

/** What tables call a candidate of the build that `--against` names. */
export function nameBefore(name: string): string {
  return `${name}${BEFORE}`;
}

export function isOfBefore(name: string): boolean {
  return name.endsWith(BEFORE);
}

const BEFORE = ' before';

function trialOf(trial: Trial, names: readonly string[], offered: readonly Candidate[]): Candidate[] {
  const tried =
    names.length === 0
      ? offered.find(({ kind }) => kind === 'strategy')
      : offered.find(({ name }) => name === names[0]);
  if (tried === undefined) throw new UsageError('there is no strategy to try');
  if (trial === 'aa') return ['A', 'B'].map((letter) => ({ ...tried, name: `${tried.name} ${letter}` }));
  const environment = { ...tried.environment, ORIGIN_LATENCY_MS: String(ORIGIN_LATENCY_MS * (1 + SLOWED_BY)) };
  return [
    tried,
    { ...tried, name: slowedName(tried.name), environment },
    ...BURNT_US.map((burntUs) => ({
      ...tried,
      name: burningName(tried.name, burntUs),
      environment: { ...tried.environment, HOLD_US: String(burntUs) },
    })),
  ];
}
