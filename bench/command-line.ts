/** The flags of the bench. A wrong one is named with what is allowed, before anything is started. */
import { parseArgs } from 'node:util';
import { UsageError, messageOf } from '../load/errors.ts';
import type { Suite } from './suite.ts';

export interface CommandLine {
  readonly suites: readonly Suite[];
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly evidence: boolean;
  readonly help: boolean;
}

export const DEFAULT_ROUNDS = 7;
export const DEFAULT_SECONDS = 3;
const MAX_ROUNDS = 100;
const MAX_SECONDS = 120;
const MAX_SEED = 2 ** 32 - 1;

const options = {
  only: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  seed: { type: 'string' },
  evidence: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws {UsageError} an unknown flag, or a value that is not allowed */
export function parseCommandLine(args: readonly string[], suites: readonly Suite[]): CommandLine {
  const { only = [], rounds, seconds, seed, evidence, help } = flagsIn(args);
  for (const name of only) {
    if (suites.some((suite) => suite.name === name)) continue;
    throw new UsageError(`--only "${name}": must be one of ${suites.map((suite) => suite.name).join(', ')}`);
  }
  return {
    suites: suites.filter(({ name }) => only.length === 0 || only.includes(name)),
    rounds: wholeNumber('rounds', rounds, 1, MAX_ROUNDS) ?? DEFAULT_ROUNDS,
    seconds: wholeNumber('seconds', seconds, 1, MAX_SECONDS) ?? DEFAULT_SECONDS,
    seed: wholeNumber('seed', seed, 0, MAX_SEED) ?? Math.floor(Math.random() * MAX_SEED),
    evidence: evidence === true,
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
  --help           this text

Figures go to results/bench-<time>.json. A goal that is missed is shown as missed; the exit code is 1 only where a
run proves itself wrong: an error answer, a count that does not agree.`;
}
