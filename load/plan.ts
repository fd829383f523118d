/** What will be run, in which order: a pure function of the choice, the registry and the seed. */
import type { ArrivalKind } from './scenarios/arrivals.ts';
import { arrivalCount, MAX_RATE_PER_SECOND, P99_MIN_SAMPLES, type LoadProfile } from './scenarios/profile.ts';
import { durationsOf } from './scenarios/durations.ts';
import { secondsFor, type CostSizes } from './cost.ts';
import { inProcessSeconds } from './in-process/measure.ts';
import type { Profile } from './profiles.ts';
import type { Candidate } from './registry.ts';
import { seededRandom, shuffled } from './seeded-random.ts';
import { candidatesFor, type Trial } from './trial.ts';
import { neededWindowSeconds } from './window.ts';
import type { Workload } from './workloads/workload.ts';

export type OriginName = 'embedded' | 'redis';

/** One thing that is varied while the rest stays as it is. */
export interface Sweep {
  readonly name: 'threads' | 'hold-us';
  readonly values: readonly number[];
}

export interface Against {
  /** A git ref or a directory. */
  readonly given: string;
  /** Share by which this build may be slower. */
  readonly tolerance: number;
}

/** What the user chose; the rest has defaults per profile and workload. */
export interface Choice {
  readonly profile: Profile;
  readonly workloads: readonly Workload[];
  /** Names as given; empty for all but the floors. */
  readonly strategies: readonly string[];
  readonly origin: OriginName;
  readonly trial?: Trial;
  readonly sweep?: Sweep;
  /** Another build that every strategy is held against. */
  readonly against?: Against;
  readonly arrivals: ArrivalKind;
  readonly ratePerSecond?: number;
  readonly measureSeconds?: number;
  /** How many keys the requests are spread over; 1 is the hot key. */
  readonly keys?: number;
  readonly sloMs: number;
  readonly rounds: number;
  readonly capacitySearches: number;
  readonly seed: number;
  readonly threads: number;
}

/** One run of k6 against one fresh service. */
export interface PlannedCell {
  readonly round: number;
  readonly workload: Workload;
  readonly candidate: Candidate;
  readonly threads: number;
  /** The value of what is swept. */
  readonly point?: number;
  /** Settings of the service: those of the workload, the candidate and the sweep. */
  readonly environment: Readonly<Record<string, string>>;
  readonly profile: LoadProfile;
  /** Of the control nothing is wanted but its proof, nor of a step of a capacity search but its latency. */
  readonly cost?: CostSizes;
}

export interface Plan {
  readonly choice: Choice;
  readonly rounds: readonly (readonly PlannedCell[])[];
  /** Whose capacity is searched for; its profile is where the search begins. */
  readonly searches: readonly PlannedCell[];
  /** Rates besides the common one: the same for all strategies. */
  readonly curves: readonly PlannedCell[];
  readonly candidates: readonly Candidate[];
  /** Who is measured without HTTP, by round. */
  readonly inProcess: readonly (readonly Candidate[])[];
  readonly estimatedSeconds: number;
  /** What may be spent on repeating disturbed runs; then they are kept at once, marked. */
  readonly repeatSeconds: number;
}

/** Of the whole. A machine that is busy all the time would else make a comparison three times as long. */
const REPEATED_SHARE = 0.04;

const CLOSED_VUS = 50;

/**
 * What a cell takes besides its load and what is put in before: service and k6 starting, read-back, service stopping. From
 * 1.8 s on two idle cores to 5 s where the hypervisor takes some of them.
 */
const OVERHEAD_SECONDS = 2.5;

/** The control shows that the proofs can fail. For that it need not be run in every round, nor for long; its figures are not used. */
const CONTROL_ROUNDS = 1;
const CONTROL_CLOSED_SECONDS = 1;

/** What the operations without HTTP are of. */
const IN_PROCESS = ['counters', 'config'];

/** A search takes about so many probes: two to four up, two to bisect, one to confirm. */
const PROBES_PER_SEARCH = 7;
/** Of what was announced for a search, it never takes more than this. */
const MOST_OF_ANNOUNCED = 1.5;
const CALIBRATION_SECONDS = 10;

/**
 * Lays out the rounds: in each of them every strategy meets every workload once, in an order of its own. The control
 * is only in the first.
 */
export function planComparison(choice: Choice, registry: readonly Candidate[]): Plan {
  const candidates = candidatesFor(choice, registry);
  const random = seededRandom(choice.seed);
  const measured = candidates.filter(({ kind }) => kind !== 'control');
  const rounds = Array.from({ length: choice.rounds }, (_, index) => {
    const present = index < CONTROL_ROUNDS ? candidates : measured;
    return choice.workloads.flatMap((workload) => shuffled(cellsOf(workload, choice, present, index + 1), random));
  });
  const searches = Array.from({ length: choice.capacitySearches }, (_, index) =>
    choice.workloads.flatMap((workload) => {
      return shuffled(cellsOf(workload, { ...choice, sweep: undefined }, measured, index + 1), random);
    }),
  ).flat();
  const curves = curveCells(choice, measured, random);
  const inProcess = inProcessRounds(choice, measured);
  const inProcessTotal = inProcess.flat().length * inProcessSeconds(choice.profile.inProcess);
  const runSeconds = [...rounds.flat(), ...curves].reduce((total, cell) => total + cellSeconds(cell), 0);
  const searchSeconds = searches.reduce((total, cell) => total + announcedSearchSeconds(cell), 0);
  const estimatedSeconds = CALIBRATION_SECONDS + runSeconds + inProcessTotal + searchSeconds;
  return {
    choice,
    rounds,
    searches,
    curves,
    candidates,
    inProcess,
    estimatedSeconds,
    repeatSeconds: REPEATED_SHARE * estimatedSeconds,
  };
}

/**
 * In an order of its own. What an operation costs depends on no workload, and is no answer to a sweep; and in this
 * process is this build alone.
 */
function inProcessRounds(
  { profile, sweep, against, rounds, seed }: Choice,
  candidates: readonly Candidate[],
): Candidate[][] {
  const random = seededRandom(~seed);
  const able = candidates.filter(
    ({ needs, resources }) => needs === undefined && IN_PROCESS.every((name) => resources.includes(name)),
  );
  const isMeasured = sweep === undefined && against === undefined && profile.inProcess.operations.length > 0;
  return isMeasured ? Array.from({ length: rounds }, () => shuffled(able, random)) : [];
}

/** What one attempt at it takes, about. */
export function cellSeconds({ profile, workload, cost }: PlannedCell): number {
  return (
    (workload.prepareSeconds ?? 0) +
    leadSeconds(profile) +
    durationsOf(profile).bystanderSeconds +
    (cost === undefined ? 0 : costSeconds(cost, workload)) +
    OVERHEAD_SECONDS
  );
}

/** Enough for a p99 where the rate allows it; a p99.9 is not wanted. */
const CURVE_SECONDS = 3;

/** Of a comparison of builds or of a sweep, the curves are not asked for. */
function curveCells(choice: Choice, candidates: readonly Candidate[], random: () => number): PlannedCell[] {
  const { profile, sweep, against, trial } = choice;
  if (sweep !== undefined || against !== undefined || trial !== undefined) return [];
  return Array.from({ length: profile.curveRounds }, (_, index) =>
    choice.workloads.flatMap((workload) =>
      profile.curveShares.flatMap((share) => {
        const ratePerSecond = Math.round((choice.ratePerSecond ?? workload.ratePerSecond) * share);
        if (ratePerSecond < 1 || ratePerSecond > MAX_RATE_PER_SECOND) return [];
        const curve = { ...choice, ratePerSecond, profile: { ...profile, leastMeasureSeconds: CURVE_SECONDS } };
        const cells = cellsOf(workload, curve, candidates, index + 1);
        return shuffled(cells.map(curveCell), random);
      }),
    ),
  ).flat();
}

/** Only its latency is wanted. */
function curveCell({ cost: _cost, ...cell }: PlannedCell): PlannedCell {
  return { ...cell, profile: { ...cell.profile, closedSeconds: 0, bystanderRatePerSecond: 20 } };
}

/** By how much random arrivals are put off, about: the largest lag of so many behind an even dispatcher. */
function leadSeconds(profile: LoadProfile): number {
  return profile.arrivals === 'even' ? 0 : Math.sqrt(arrivalCount(profile)) / profile.ratePerSecond;
}

/** What a service answers to the cheap generator in a second, at least, but where it holds a lock for long. */
const USUAL_PER_SECOND = 15_000;
/** To start the generator, or a service. */
const START_SECONDS = 0.2;

function costSeconds(sizes: CostSizes, { cost }: Workload): number {
  const warmupSeconds = Math.ceil(sizes.warmupRequests / USUAL_PER_SECOND);
  const serviceSeconds = cost.environment === undefined ? 0 : OVERHEAD_SECONDS / 2;
  return START_SECONDS + warmupSeconds + secondsFor(sizes, USUAL_PER_SECOND) + serviceSeconds;
}

type LaidOut = Omit<Choice, 'sweep'> & { readonly sweep?: Sweep | undefined };

function cellsOf(workload: Workload, choice: LaidOut, candidates: readonly Candidate[], round: number): PlannedCell[] {
  const serving = candidates.filter(({ resources }) => workload.resources.every((name) => resources.includes(name)));
  return serving.flatMap((candidate) =>
    pointsFor(candidate, choice).map(({ threads, point, environment }) => ({
      round,
      workload,
      candidate,
      threads,
      ...(point === undefined ? {} : { point }),
      environment: { ...workload.environment, ...candidate.environment, ...environment },
      profile: profileOf(workload, choice, { candidate, round }),
      ...(candidate.kind === 'control' ? {} : { cost: choice.profile.cost }),
    })),
  );
}

interface Point {
  readonly threads: number;
  readonly point?: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The values of the sweep that make a difference for the candidate: one that needs a single thread has a single point. */
function pointsFor({ threads: fixed, kind }: Candidate, { sweep, threads }: LaidOut): Point[] {
  const usual = { threads: fixed ?? threads, environment: {} };
  if (sweep === undefined) return [usual];
  if (sweep.name === 'hold-us') {
    const values = kind === 'control' ? sweep.values.slice(0, 1) : sweep.values;
    return values.map((point) => ({ ...usual, point, environment: { HOLD_US: String(point) } }));
  }
  const values = fixed === undefined ? sweep.values : [fixed];
  return values.map((point) => ({ threads: point, point, environment: {} }));
}

/** Long enough for a p99, and a tenth of a second over, since the last arrivals may be answered after the end. */
export function secondsForP99(ratePerSecond: number): number {
  return Math.ceil((P99_MIN_SAMPLES * 1.01 * 10) / ratePerSecond) / 10;
}

/** Longer windows are for `--duration`. */
const MAX_WINDOW_SECONDS = 240;

/** As long as a p99 needs: in samples, and, except in quick, where a strategy is known to queue. */
function windowSeconds(
  workload: Workload,
  { profile }: LaidOut,
  ratePerSecond: number,
  { strategy }: Candidate,
): number {
  const least = Math.max(profile.leastMeasureSeconds, secondsForP99(ratePerSecond));
  const capacityPerSecond = workload.capacityPerSecond?.[strategy];
  if (!profile.longWindows || capacityPerSecond === undefined) return least;
  const needed = Math.ceil(neededWindowSeconds(ratePerSecond, capacityPerSecond));
  return needed > MAX_WINDOW_SECONDS ? least : Math.max(least, needed);
}

/** One for all strategies of a round, another for the next. */
function arrivalSeedOf(seed: number, round: number): number {
  return Math.floor(seededRandom(seed + round)() * 2 ** 32);
}

function profileOf(
  workload: Workload,
  choice: LaidOut,
  { candidate, round }: { readonly candidate: Candidate; readonly round: number },
): LoadProfile {
  const { profile } = choice;
  const { closedSeconds } = profile;
  const ratePerSecond = choice.ratePerSecond ?? workload.ratePerSecond;
  const isControl = candidate.kind === 'control';
  const measureSeconds =
    choice.measureSeconds ??
    (isControl ? profile.leastMeasureSeconds : windowSeconds(workload, choice, ratePerSecond, candidate));
  return {
    ratePerSecond,
    warmupSeconds: profile.warmupSeconds,
    measureSeconds,
    closedSeconds: isControl ? Math.min(CONTROL_CLOSED_SECONDS, closedSeconds) : closedSeconds,
    closedVus: CLOSED_VUS,
    bystanderRatePerSecond: bystanderRate(measureSeconds),
    keys: choice.keys ?? workload.keys,
    sloMs: choice.sloMs,
    seed: choice.seed,
    arrivals: choice.arrivals,
    arrivalSeed: arrivalSeedOf(choice.seed, round),
  };
}

/** At fewer than 50 a second a probe would take for ever; its p99 then stands on fewer samples than one that is shown. */
const MAX_PROBE_SECONDS = 20;

/** The profile of one step of a capacity search: no closed loop, and as short as a p99 allows. */
export function probeProfile(profile: LoadProfile, ratePerSecond: number): LoadProfile {
  const measureSeconds = Math.min(MAX_PROBE_SECONDS, Math.max(3, secondsForP99(ratePerSecond)));
  return {
    ...profile,
    ratePerSecond,
    warmupSeconds: Math.min(profile.warmupSeconds, 2),
    measureSeconds,
    closedSeconds: 0,
    bystanderRatePerSecond: 20,
  };
}

/** What one step at this rate takes, about. */
export function probeSeconds({ workload, profile }: PlannedCell, ratePerSecond: number): number {
  const probe = probeProfile(profile, ratePerSecond);
  return (workload.prepareSeconds ?? 0) + leadSeconds(probe) + durationsOf(probe).bystanderSeconds + OVERHEAD_SECONDS;
}

function announcedSearchSeconds(cell: PlannedCell): number {
  return PROBES_PER_SEARCH * probeSeconds(cell, cell.profile.ratePerSecond);
}

/** When a search is stopped, whatever it knows by then. */
export function mostSearchSeconds(cell: PlannedCell): number {
  return MOST_OF_ANNOUNCED * announcedSearchSeconds(cell);
}

/** The probe's rate: enough for its own p99 where that stays a light load, else 650/s; never below 20/s. */
function bystanderRate(measureSeconds: number): number {
  return Math.min(650, Math.max(20, Math.ceil((P99_MIN_SAMPLES * 1.01) / measureSeconds)));
}
