/** The flags of the bench. A wrong one is named with what is allowed, before anything is started. */
import { parseArgs } from 'node:util';
import { UsageError, messageOf } from '../load/errors.ts';
import { DEFAULT_TOLERANCE, toleranceOf } from '../load/flags.ts';
import { percent } from '../load/format.ts';
import type { AgainstOptions } from './against/run.ts';
import type { Suite } from './suite.ts';

export interface CommandLine {
  readonly suites: readonly Suite[];
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly evidence: boolean;
  /** Another build to be held against, by the same rounds. */
  readonly against?: AgainstOptions;
  readonly help: boolean;
}

export const DEFAULT_ROUNDS = 7;
export const DEFAULT_SECONDS = 3;
/** What a change is judged by where no suite is named. */
const AGAINST_SUITES = ['http', 'primitives'];
const MAX_ROUNDS = 100;
const MAX_SECONDS = 120;
const MAX_SEED = 2 ** 32 - 1;

const options = {
  only: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  seed: { type: 'string' },
  evidence: { type: 'boolean' },
  against: { type: 'string' },
  tolerance: { type: 'string' },
  aa: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws {UsageError} an unknown flag, or a value that is not allowed */
export function parseCommandLine(args: readonly string[], suites: readonly Suite[]): CommandLine {
  const { only = [], rounds, seconds, seed, evidence, help, against, tolerance, aa } = flagsIn(args);
  for (const name of only) {
    if (suites.some((suite) => suite.name === name)) continue;
    throw new UsageError(`--only "${name}": must be one of ${suites.map((suite) => suite.name).join(', ')}`);
  }
  if (against === undefined && (tolerance !== undefined || aa)) {
    throw new UsageError(`--${aa ? 'aa' : 'tolerance'} goes with --against`);
  }
  if (against !== undefined && evidence) throw new UsageError('--against and --evidence cannot be combined');
  const usual = against === undefined ? suites : suites.filter(({ name }) => AGAINST_SUITES.includes(name));
  const chosen = {
    suites: only.length === 0 ? usual : suites.filter(({ name }) => only.includes(name)),
    rounds: wholeNumber('rounds', rounds, 1, MAX_ROUNDS) ?? DEFAULT_ROUNDS,
    seconds: wholeNumber('seconds', seconds, 1, MAX_SECONDS) ?? DEFAULT_SECONDS,
    seed: wholeNumber('seed', seed, 0, MAX_SEED) ?? Math.floor(Math.random() * MAX_SEED),
  };
  return {
    ...chosen,
    evidence: evidence === true,
    ...(against === undefined
      ? {}
      : { against: { ...chosen, against, tolerance: toleranceOf(tolerance), aa: aa === true } }),
    help: help === true,
  };
}

function flagsIn(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${messageOf(error)}\nKnown flags: ${known.join(', ')}`, { cause: error });
  }
}

function wholeNumber(flag: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${flag} "${text}": must be a whole number from ${least} to ${most}`);
}

export function helpText(suites: readonly Suite[]): string {
  const list = suites.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n');
  return `npm run bench -- [flags]

Suites:
${list}

  --only <suite>   this suite alone; may be repeated
  --rounds <n>     how often everything is measured, in a new order each time (default ${DEFAULT_ROUNDS})
  --seconds <n>    length of one measurement (default ${DEFAULT_SECONDS})
  --seed <n>       repeats the order of an earlier run
  --evidence       also writes docs/evidence/bench-<suite>.json and .md
  --against <ref>  this checkout against a git ref, or the directory of another checkout: both in turn in every
                   round, each by its own bench; ${AGAINST_SUITES.join(' and ')} unless --only says otherwise
  --tolerance <n%> what it may be slower by (default ${percent(DEFAULT_TOLERANCE)})
  --aa             with --against: this checkout against itself as well, to see what noise alone claims
  --help           this text

Figures go to results/bench-<time>.json. A goal that is missed is shown as missed; the exit code is 1 only where a
run proves itself wrong: an error answer, a count that does not agree; 3 where something is slower than --against
by more than the tolerance, with its whole interval.`;
}
