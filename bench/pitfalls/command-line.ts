/** The arguments of the pitfall lab. A wrong one is named with what is allowed, before anything is started. */
import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '../../load/errors.ts';
import type { Pitfall } from '../../src/pitfalls/pitfall.ts';

export interface CommandLine {
  readonly pitfalls: readonly Pitfall[];
  /** Named, not all by default: then each is explained. */
  readonly explain: boolean;
  readonly rounds: number;
  readonly evidence: boolean;
  readonly help: boolean;
}

export const DEFAULT_ROUNDS = 5;
const MAX_ROUNDS = 100;

const options = {
  rounds: { type: 'string' },
  evidence: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws {UsageError} an unknown name or flag, or a value that is not allowed */
export function parseCommandLine(args: readonly string[], pitfalls: readonly Pitfall[]): CommandLine {
  const { values, positionals: names } = parsed(args);
  for (const name of names) {
    if (pitfalls.some((pitfall) => pitfall.name === name)) continue;
    const known = pitfalls.map((pitfall) => `  ${pitfall.name}`).join('\n');
    throw new UsageError(`there is no pitfall "${name}"; there are\n${known}`);
  }
  const evidence = values.evidence === true;
  if (evidence && names.length > 0) throw new UsageError('--evidence is of all pitfalls together: leave the names out');
  return {
    pitfalls: pitfalls.filter(({ name }) => names.length === 0 || names.includes(name)),
    explain: names.length > 0,
    rounds: roundsOf(values.rounds),
    evidence,
    help: values.help === true,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${messageOf(error)}\nKnown flags: ${known.join(', ')}`, { cause: error });
  }
}

function roundsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_ROUNDS;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MAX_ROUNDS) return value;
  throw new UsageError(`--rounds "${text}": must be a whole number from 1 to ${MAX_ROUNDS}`);
}

export function helpText(pitfalls: readonly Pitfall[]): string {
  const width = Math.max(...pitfalls.map(({ name }) => name.length)) + 2;
  return `npm run pitfalls -- [name…] [flags]

Without a name all are measured, in about a minute; with one or more, these are measured and explained:
${pitfalls.map(({ name, title }) => `  ${name.padEnd(width)}${title}`).join('\n')}

  --rounds <n>   how often both versions are measured, in turn (default ${DEFAULT_ROUNDS})
  --evidence     also writes docs/evidence/pitfalls.json and .md, and the figures in docs/mistakes.md
  --help         this text

Figures and a page go to results/pitfalls/<time>/. The exit code is 1 when a broken version was no worse than its fix.`;
}
