/** What will be run, in which order: a pure function of the choice, the registry and the seed. */
import { P99_MIN_SAMPLES, type LoadProfile } from './scenarios/profile.ts';
import { durationsOf } from './scenarios/durations.ts';
import { seededRandom, shuffled } from './seeded-random.ts';
import type { Workload } from './workloads.ts';

/** What a comparison needs to know of a strategy of the service; see `registry.ts`. */
export interface Candidate {
  readonly name: string;
  readonly kind: 'strategy' | 'baseline' | 'control' | 'floor';
  readonly summary: string;
  /** The number of HTTP threads it needs, where it cannot run on any number. */
  readonly threads?: number;
  /** Per resource that it does not serve, the reason. */
  readonly unsupported: Readonly<Partial<Record<Workload['resource'], string>>>;
}

/** What the user chose; the rest has defaults per workload. */
export interface Choice {
  readonly workloads: readonly Workload[];
  /** Names as given; empty for all but the floors. */
  readonly strategies: readonly string[];
  readonly ratePerSecond?: number;
  readonly measureSeconds?: number;
  /** How many counters the increments are spread over; 1 is the hot key. */
  readonly keys?: number;
  readonly rounds: number;
  readonly seed: number;
  readonly threads: number;
}

/** One run of k6 against one fresh service. */
export interface PlannedCell {
  readonly round: number;
  readonly workload: Workload;
  readonly candidate: Candidate;
  readonly threads: number;
  readonly profile: LoadProfile;
}

export interface Plan {
  readonly rounds: readonly (readonly PlannedCell[])[];
  readonly workloads: readonly Workload[];
  readonly candidates: readonly Candidate[];
  readonly seed: number;
  readonly estimatedSeconds: number;
}

const WARMUP_SECONDS = 1;
const CLOSED_SECONDS = 1.2;
const CLOSED_VUS = 50;

/** What a cell takes besides its load: service and k6 starting, read-back, service stopping. */
const OVERHEAD_SECONDS = 2;

/** Lays out the rounds: in each of them every strategy meets every workload once, in an order of its own. */
export function planComparison(choice: Choice, registry: readonly Candidate[]): Plan {
  const candidates = candidatesFor(choice.strategies, registry);
  const random = seededRandom(choice.seed);
  const rounds = Array.from({ length: choice.rounds }, (_, index) =>
    choice.workloads.flatMap((workload) =>
      shuffled(candidates, random)
        .filter(({ unsupported }) => unsupported[workload.resource] === undefined)
        .map((candidate) => ({
          round: index + 1,
          workload,
          candidate,
          threads: candidate.threads ?? choice.threads,
          profile: profileOf(workload, choice),
        })),
    ),
  );
  const estimatedSeconds = rounds
    .flat()
    .reduce((total, { profile }) => total + durationsOf(profile).bystanderSeconds + OVERHEAD_SECONDS, 0);
  return { rounds, workloads: choice.workloads, candidates, seed: choice.seed, estimatedSeconds };
}

/** The named strategies, or all but the floors; and always the control, since without it no proof proves anything. */
function candidatesFor(names: readonly string[], registry: readonly Candidate[]): Candidate[] {
  return registry.filter(
    ({ name, kind }) => kind === 'control' || (names.length === 0 ? kind !== 'floor' : names.includes(name)),
  );
}

function profileOf(workload: Workload, choice: Choice): LoadProfile {
  const measureSeconds = choice.measureSeconds ?? workload.measureSeconds;
  return {
    ratePerSecond: choice.ratePerSecond ?? workload.ratePerSecond,
    warmupSeconds: WARMUP_SECONDS,
    measureSeconds,
    closedSeconds: CLOSED_SECONDS,
    closedVus: CLOSED_VUS,
    bystanderRatePerSecond: bystanderRate(measureSeconds),
    keys: choice.keys ?? workload.keys,
    seed: choice.seed,
  };
}

/** The probe's rate: enough for its own p99 where that stays a light load, else 650/s; never below 20/s. */
function bystanderRate(measureSeconds: number): number {
  return Math.min(650, Math.max(20, Math.ceil((P99_MIN_SAMPLES * 1.01) / measureSeconds)));
}
