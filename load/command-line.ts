/** The flags of the comparison. Every mistake is refused before anything is started, and named with what is allowed. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';
import type { Candidate, Choice } from './plan.ts';
import type { Workload } from './workloads.ts';

export interface CommandLine {
  readonly choice: Choice;
  readonly k6?: string;
  readonly help: boolean;
}

/** What can be named on the command line. */
export interface Known {
  readonly workloads: readonly Workload[];
  readonly registry: readonly Candidate[];
}

/** As many as the widest workload has: the proof reads back each of them. */
export const MAX_KEYS = 1_000;

/** Above this rate k6's own lateness shows in a p99. */
export const MAX_RATE_PER_SECOND = 2_000;

const options = {
  workload: { type: 'string', multiple: true },
  strategy: { type: 'string', multiple: true },
  rate: { type: 'string' },
  duration: { type: 'string' },
  keys: { type: 'string' },
  rounds: { type: 'string' },
  seed: { type: 'string' },
  k6: { type: 'string' },
  threads: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the arguments behind the program's name.
 *
 * @throws {UsageError} an unknown flag, or a value that is not allowed
 */
export function parseCommandLine(args: readonly string[], known: Known): CommandLine {
  const { values } = parseArgs({ args: knownFlags(args), options });
  const workloadNames = listOf('workload', values.workload, known.workloads);
  const strategies = listOf('strategy', values.strategy, known.registry);
  const ratePerSecond = integerOf('rate', values.rate, 1, MAX_RATE_PER_SECOND);
  const measureSeconds = numberOf('duration', values.duration, {
    least: 1,
    most: 600,
    form: /^\d+(?:\.\d+)?s?$/u,
    what: 'seconds, such as 10 or 10s,',
  });
  const keys = integerOf('keys', values.keys, 1, MAX_KEYS);
  return {
    help: values.help === true,
    ...(values.k6 === undefined ? {} : { k6: values.k6 }),
    choice: {
      workloads: known.workloads.filter(({ name, byDefault }) =>
        workloadNames.length === 0 ? byDefault : workloadNames.includes(name),
      ),
      strategies,
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      ...(measureSeconds === undefined ? {} : { measureSeconds }),
      ...(keys === undefined ? {} : { keys }),
      rounds: integerOf('rounds', values.rounds, 1, 50) ?? 1,
      seed: integerOf('seed', values.seed, 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 2 ** 32),
      threads: integerOf('threads', values.threads, 1, 64) ?? Math.max(2, availableParallelism()),
    },
  };
}

/** The same arguments as `--flag=value`. `parseArgs` itself refuses wrong ones, but does not say what is allowed. */
function knownFlags(args: readonly string[]): string[] {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  const flags = Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ');
  return tokens.flatMap((token) => {
    if (token.kind === 'positional') throw new UsageError(`unexpected argument "${token.value}"; known are ${flags}`);
    if (token.kind !== 'option') return [];
    const option = Object.entries(options).find(([name]) => name === token.name)?.[1];
    if (option === undefined) throw new UsageError(`unknown flag ${token.rawName}; known are ${flags}`);
    // A value that begins with a dash is the next flag, whose own value was forgotten.
    const hasValue =
      token.value !== undefined && token.value !== '' && !(token.value.startsWith('--') && !token.inlineValue);
    if (option.type === 'string' && !hasValue) throw new UsageError(`${token.rawName} needs a value`);
    if (option.type === 'boolean' && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    return token.value === undefined ? [`--${token.name}`] : [`--${token.name}=${token.value}`];
  });
}

function listOf(flag: string, values: readonly string[] | undefined, allowed: readonly { name: string }[]): string[] {
  const names = (values ?? []).flatMap((value) => value.split(',').map((part) => part.trim()));
  for (const name of names) {
    if (allowed.some((item) => item.name === name)) continue;
    throw new UsageError(`--${flag} "${name}": must be one or more of ${allowed.map((item) => item.name).join(', ')}`);
  }
  return names;
}

function integerOf(flag: string, text: string | undefined, least: number, most: number): number | undefined {
  return numberOf(flag, text, { least, most, form: /^\d+$/u, what: 'a whole number' });
}

function numberOf(
  flag: string,
  text: string | undefined,
  { least, most, form, what }: { least: number; most: number; form: RegExp; what: string },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number.parseFloat(text);
  if (form.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${flag} "${text}": must be ${what} from ${least} to ${most}`);
}
