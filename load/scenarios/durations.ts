/** When the phases of a profile begin and end, and when its requests are due; for the scripts and for the runner. */
import { drawArrivals, leadSecondsOf, mostAsleep } from './arrivals.ts';
import type { LoadProfile } from './profile.ts';

/** Time between the last open arrival and the closed loop, so that the one does not load the other. */
const DRAIN_SECONDS = 0.5;

/** The parts of a run. All times count from the first moment at which a request may be due, `leadSeconds` after k6's start. */
export interface Durations {
  /** Of warm-up and measured part. */
  readonly openSeconds: number;
  readonly closedStartSeconds: number;
  /** Of the bystander, which stays to the end. */
  readonly bystanderSeconds: number;
}

export function durationsOf(profile: LoadProfile): Durations {
  const openSeconds = profile.warmupSeconds + profile.measureSeconds;
  const closedStartSeconds = openSeconds + DRAIN_SECONDS;
  const bystanderSeconds = profile.closedSeconds > 0 ? closedStartSeconds + profile.closedSeconds : openSeconds;
  return { openSeconds, closedStartSeconds, bystanderSeconds };
}

/** Due times of one scenario, s, and how many of its iterations sleep at once. */
export interface Due {
  readonly dueSeconds: readonly number[];
  readonly asleep: number;
}

export interface Schedule {
  /** By how much every due time is put off, since k6 starts iterations evenly; 0 where arrivals are even. */
  readonly leadSeconds: number;
  readonly open: Due;
  readonly bystander: Due;
}

/** The bystander's arrivals are others than the workload's. */
const BYSTANDER_SEED = 0x5bd1e995;

/** Drawn once: by the runner for a run, and in k6 for all its VUs together. */
export function scheduleOf(profile: LoadProfile): Schedule {
  const { arrivals: kind, arrivalSeed, warmupSeconds, measureSeconds, ratePerSecond, bystanderRatePerSecond } = profile;
  const { openSeconds, bystanderSeconds } = durationsOf(profile);
  const rest = bystanderSeconds - openSeconds;
  const open = drawArrivals({ kind, ratePerSecond, partsSeconds: [warmupSeconds, measureSeconds], seed: arrivalSeed });
  const probes = drawArrivals({
    kind,
    ratePerSecond: bystanderRatePerSecond,
    partsSeconds: [warmupSeconds, measureSeconds, rest],
    seed: arrivalSeed ^ BYSTANDER_SEED,
  });
  if (kind === 'even') {
    return { leadSeconds: 0, open: { dueSeconds: open, asleep: 0 }, bystander: { dueSeconds: probes, asleep: 0 } };
  }
  const leadSeconds = Math.max(leadSecondsOf(open, ratePerSecond), leadSecondsOf(probes, bystanderRatePerSecond));
  return {
    leadSeconds,
    open: { dueSeconds: open, asleep: mostAsleep(open, ratePerSecond, leadSeconds) },
    bystander: { dueSeconds: probes, asleep: mostAsleep(probes, bystanderRatePerSecond, leadSeconds) },
  };
}
