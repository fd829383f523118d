/** The flags of the comparison. Every mistake is refused before anything is started, and named with what is allowed. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';
import { httpUrlOf, integerOf, listOf, millisecondsOf, oneOf, secondsOf, sweepOf, toleranceOf } from './flags.ts';
import type { Against, Choice, OriginName, Sweep } from './plan.ts';
import { CAPACITY_SEARCHES, profiles, type Profile } from './profiles.ts';
import type { Candidate } from './registry.ts';
import type { ArrivalKind } from './scenarios/arrivals.ts';
import { MAX_RATE_PER_SECOND } from './scenarios/profile.ts';
import type { Trial } from './trial.ts';
import type { Workload } from './workloads/workload.ts';

export interface CommandLine {
  readonly choice: Choice;
  readonly k6?: string;
  /** Where the services run, if not here. */
  readonly agent?: URL;
  /** Show the report when it is there. */
  readonly open: boolean;
  readonly help: boolean;
}

/** What can be named on the command line. */
export interface Known {
  readonly workloads: readonly Workload[];
  readonly registry: readonly Candidate[];
}

/** As many as the widest workload has: the proof reads back each of them. */
export const MAX_KEYS = 1_000;

/** Of one run. Random arrivals keep a VU asleep for each that may come early, about 1.25 times the root of their number. */
const MAX_ARRIVALS = 250_000;

export const MAX_THREADS = 64;

/** A trial is about what may be claimed, and in a quick comparison nothing may. */
const TRIAL_PROFILE = 'standard';

const sweeps = { threads: { least: 1, most: MAX_THREADS }, 'hold-us': { least: 0, most: 100_000 } };
const arrivalKinds: readonly { readonly name: ArrivalKind }[] = [{ name: 'random' }, { name: 'even' }];
const origins: readonly { readonly name: OriginName }[] = [{ name: 'embedded' }, { name: 'redis' }];

const options = {
  profile: { type: 'string' },
  workload: { type: 'string', multiple: true },
  strategy: { type: 'string', multiple: true },
  origin: { type: 'string' },
  arrivals: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
  keys: { type: 'string' },
  threads: { type: 'string' },
  slo: { type: 'string' },
  capacity: { type: 'boolean' },
  sweep: { type: 'string' },
  rounds: { type: 'string' },
  seed: { type: 'string' },
  aa: { type: 'boolean' },
  slowed: { type: 'boolean' },
  open: { type: 'boolean' },
  k6: { type: 'string' },
  agent: { type: 'string' },
  against: { type: 'string' },
  tolerance: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/**
 * Reads the arguments behind the program's name.
 *
 * @throws {UsageError} an unknown flag, or a value that is not allowed
 */
export function parseCommandLine(args: readonly string[], known: Known): CommandLine {
  const { values } = parseArgs({ args: knownFlags(args), options });
  return {
    help: values.help === true,
    open: values.open === true,
    ...(values.k6 === undefined ? {} : { k6: values.k6 }),
    ...(values.agent === undefined ? {} : { agent: httpUrlOf('agent', values.agent) }),
    choice: choiceOf(values, known),
  };
}

function choiceOf(values: Values, { workloads, registry }: Known): Choice {
  const ratePerSecond = integerOf('rate', values.rate, { least: 1, most: MAX_RATE_PER_SECOND });
  const measureSeconds = secondsOf('duration', values.duration, { least: 1, most: 600 });
  if ((ratePerSecond ?? 0) * (measureSeconds ?? 0) > MAX_ARRIVALS) {
    throw new UsageError(
      `--rate ${values.rate} and --duration ${values.duration}: together at most ${MAX_ARRIVALS} requests`,
    );
  }
  const keys = integerOf('keys', values.keys, { least: 1, most: MAX_KEYS });
  const sweep: Sweep | undefined = sweepOf(values.sweep, sweeps);
  const trial = trialOf(values);
  const profile = oneOf('profile', values.profile ?? (trial === undefined ? undefined : TRIAL_PROFILE), profiles);
  const strategies = listOf('strategy', values.strategy, registry);
  if (trial !== undefined && strategies.length > 1) throw new UsageError(`--${trial} takes one --strategy`);
  if (trial !== undefined && sweep !== undefined) throw new UsageError(`--${trial} and --sweep cannot be combined`);
  if (sweep?.name === 'threads' && values.threads !== undefined)
    throw new UsageError('--threads and --sweep threads=… cannot be combined');
  const against = againstOf(values);
  if (against !== undefined && trial !== undefined) throw new UsageError(`--against and --${trial} are two runs`);
  const usualSearches = against === undefined ? profile.capacitySearches : 0;
  const origin = oneOf('origin', values.origin, origins).name;
  return {
    profile,
    workloads: chosenWorkloads(values.workload, served(workloads, registry), { profile, trial, origin }),
    strategies,
    origin,
    arrivals: oneOf('arrivals', values.arrivals, arrivalKinds).name,
    ...(trial === undefined ? {} : { trial }),
    ...(sweep === undefined ? {} : { sweep }),
    ...(against === undefined ? {} : { against }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(measureSeconds === undefined ? {} : { measureSeconds }),
    ...(keys === undefined ? {} : { keys }),
    sloMs: millisecondsOf('slo', values.slo, { least: 1, most: 10_000 }) ?? 50,
    rounds: integerOf('rounds', values.rounds, { least: 1, most: 50 }) ?? profile.rounds,
    capacitySearches: values.capacity === true ? Math.max(CAPACITY_SEARCHES, usualSearches) : usualSearches,
    seed: integerOf('seed', values.seed, { least: 0, most: 2 ** 32 - 1 }) ?? Math.floor(Math.random() * 2 ** 32),
    threads:
      integerOf('threads', values.threads, { least: 1, most: MAX_THREADS }) ?? Math.max(2, availableParallelism()),
  };
}

/** A workload whose resource nobody serves is not there yet. */
export function served(workloads: readonly Workload[], registry: readonly Candidate[]): Workload[] {
  return workloads.filter(({ resources }) =>
    registry.some((candidate) => resources.every((resource) => candidate.resources.includes(resource))),
  );
}

/**
 * Those that were named, else those of the profile that have to do with the origin, where that is chosen; a trial takes
 * the first, which has the most to say.
 */
function chosenWorkloads(
  given: readonly string[] | undefined,
  workloads: readonly Workload[],
  { profile, trial, origin }: { profile: Profile; trial: Trial | undefined; origin: OriginName },
): Workload[] {
  const names = listOf('workload', given, workloads);
  if (names.length > 0) return workloads.filter(({ name }) => names.includes(name));
  const usual = workloads.filter(
    ({ profiles: usedIn, anyOrigin }) => usedIn.includes(profile.name) && (origin === 'embedded' || anyOrigin !== true),
  );
  return trial === undefined ? usual : usual.slice(0, 1);
}

function trialOf(values: Values): Trial | undefined {
  if (values.aa && values.slowed) throw new UsageError('--aa and --slowed are two runs');
  return values.aa ? 'aa' : values.slowed ? 'slowed' : undefined;
}

function againstOf({ against: given, tolerance, sweep, agent, capacity }: Values): Against | undefined {
  if (given === undefined) {
    if (tolerance !== undefined) throw new UsageError('--tolerance goes with --against');
    return undefined;
  }
  const others = { sweep, agent, capacity };
  const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined) throw new UsageError(`--against and --${other} cannot be combined`);
  return { given, tolerance: toleranceOf(tolerance) };
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
