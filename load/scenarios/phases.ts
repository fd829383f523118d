/**
 * The phases every scenario script runs, as k6 options, and where an arrival stands in them.
 *
 * Warm-up and measured part are one k6 scenario, told apart by the time at which a request is due: so the measured
 * requests find the VUs and connections of the warm-up, and no connection set-up is counted as latency of the service.
 */
import { sleep } from 'k6';
import exec from 'k6/execution';
import type { Options, Scenario, Threshold } from 'k6/options';
import { durationsOf } from './durations.ts';
import { metricNames, sliceCount, type LoadProfile } from './profile.ts';
import type { SharedDue, SharedSchedule } from './shared-schedule.ts';

/** Each VU has a JavaScript engine of its own: 2 to 4 MB, and some ms to start. */
const MAX_BUSY_VUS = 1_000;

/** k6 goes on starting iterations for so long after the last due time; they find nothing to do. */
const TAIL_SECONDS = 1;

export type Phase = 'warmup' | 'measure' | 'closed';

/** k6's options for `profile`: scenarios `open`, `closed` and `bystander`, which call functions of these names. */
export function optionsFor(profile: LoadProfile, schedule: SharedSchedule): Options {
  const { ratePerSecond, closedSeconds, closedVus, bystanderRatePerSecond, sloMs } = profile;
  const { openSeconds, closedStartSeconds, bystanderSeconds } = durationsOf(profile);
  const { leadSeconds, open, bystander } = schedule;
  const scenarios: Record<string, Scenario> = {
    open: {
      executor: 'constant-arrival-rate',
      exec: 'open',
      rate: ratePerSecond,
      duration: seconds(scenarioSeconds(openSeconds, leadSeconds)),
      ...vusFor(ratePerSecond, sloMs, { least: 50, asleep: open.asleep }),
      gracefulStop: '10s',
    },
    bystander: {
      executor: 'constant-arrival-rate',
      exec: 'bystander',
      rate: bystanderRatePerSecond,
      duration: seconds(scenarioSeconds(bystanderSeconds, leadSeconds)),
      ...vusFor(bystanderRatePerSecond, sloMs, { least: 20, asleep: bystander.asleep }),
      gracefulStop: '10s',
    },
  };
  if (closedSeconds > 0) {
    scenarios['closed'] = {
      executor: 'constant-vus',
      exec: 'closed',
      vus: closedVus,
      startTime: seconds(leadSeconds + closedStartSeconds),
      duration: `${closedSeconds}s`,
      gracefulStop: '10s',
    };
  }

  return {
    scenarios,
    thresholds: thresholdsFor(profile, open.count),
    discardResponseBodies: true,
    // Each tag costs the generator CPU time per request; these are the ones that are read.
    systemTags: ['scenario', 'status', 'expected_response'],
    summaryTrendStats: ['count', 'avg', 'min', 'med', 'max', ...percentiles()],
  };
}

/** How long k6 is told to go on: even arrivals are its own schedule, random ones are put off by the lead. */
function scenarioSeconds(partSeconds: number, leadSeconds: number): number {
  return leadSeconds === 0 ? partSeconds : leadSeconds + partSeconds + TAIL_SECONDS;
}

/** One request of the schedule, at the moment when it should be sent. */
export interface Arrival {
  readonly iteration: number;
  readonly phase: Phase;
  readonly dueSeconds: number;
  /** By how many ms it is late; the answer's own times do not include it. */
  readonly latenessMs: number;
}

/**
 * Sleeps until the arrival of this iteration is due; undefined behind the last one. The lateness is true only while
 * nothing was dropped, since a dropped iteration takes no number.
 *
 * @param partSeconds how long the scenario's arrivals go on
 */
export function awaitArrival(
  profile: LoadProfile,
  {
    due,
    leadSeconds,
    partSeconds,
  }: { readonly due: SharedDue; readonly leadSeconds: number; readonly partSeconds: number },
): Arrival | undefined {
  const { iterationInTest: iteration } = exec.scenario;
  const dueSeconds = due.dueSeconds(iteration);
  if (dueSeconds === undefined) return undefined;
  const lengthSeconds = scenarioSeconds(partSeconds, leadSeconds);
  const atSeconds = leadSeconds + dueSeconds;
  const earlySeconds = atSeconds - exec.scenario.progress * lengthSeconds;
  if (earlySeconds > 0) sleep(earlySeconds);
  const latenessMs = Math.max(0, (exec.scenario.progress * lengthSeconds - atSeconds) * 1000);
  return { iteration, phase: phaseAt(dueSeconds, profile), dueSeconds, latenessMs };
}

function phaseAt(dueSeconds: number, { warmupSeconds, measureSeconds }: LoadProfile): Phase {
  if (dueSeconds < warmupSeconds) return 'warmup';
  return dueSeconds < warmupSeconds + measureSeconds ? 'measure' : 'closed';
}

/**
 * Four times as many as are busy when every answer takes as long as the objective allows, and those that sleep until their
 * request is due; more than k6 can start helps nobody.
 */
function vusFor(
  ratePerSecond: number,
  sloMs: number,
  { least, asleep }: { readonly least: number; readonly asleep: number },
): { preAllocatedVUs: number; maxVUs: number } {
  const busy = Math.min(MAX_BUSY_VUS, Math.max(least, Math.ceil((ratePerSecond * 4 * sloMs) / 1000)));
  const vus = busy + asleep;
  return { preAllocatedVUs: vus, maxVUs: vus };
}

function seconds(value: number): string {
  return `${Math.ceil(value * 1000)}ms`;
}

/** Into which slice of the measured part an arrival belongs. */
export function sliceOf(dueSeconds: number, profile: LoadProfile): number {
  const share = (dueSeconds - profile.warmupSeconds) / profile.measureSeconds;
  return Math.min(sliceCount(profile) - 1, Math.max(0, Math.floor(share * sliceCount(profile))));
}

/** The curve: every fifth percentile, and more of them towards the tail. */
function percentiles(): string[] {
  const everyFifth = Array.from({ length: 19 }, (_, index) => 5 * (index + 1));
  return [1, ...everyFifth, 96, 97, 98, 99, 99.5, 99.9, 99.99].map((percentile) => `p(${percentile})`);
}

/** The first two make an all-refused run fail; those that cannot fail are there because k6 reports only submetrics that a threshold names. */
function thresholdsFor(profile: LoadProfile, openIterations: number): Record<string, Threshold[]> {
  return {
    checks: ['rate>0.99'],
    http_req_failed: ['rate<0.01'],
    'iterations{scenario:open}': [`count>=${Math.floor(openIterations * 0.99)}`],
    'dropped_iterations{scenario:open}': ['count<1'],
    'dropped_iterations{scenario:bystander}': ['count>=0'],
    'http_reqs{phase:measure}': ['count>=0'],
    'http_req_duration{phase:measure}': ['max>=0'],
    [`${metricNames.e2e}{phase:measure}`]: ['max>=0'],
    [`${metricNames.schedLag}{phase:measure}`]: ['max>=0'],
    [`${metricNames.bystander}{phase:measure}`]: ['max>=0'],
    [`${metricNames.bystander}{phase:closed}`]: ['max>=0'],
    ...taggedTrends('third', 3),
    ...taggedTrends('slice', sliceCount(profile)),
  };
}

function taggedTrends(tag: string, count: number): Record<string, Threshold[]> {
  const names = Array.from({ length: count }, (_, value) => `${metricNames.e2e}{${tag}:${value}}`);
  return Object.fromEntries(names.map((name) => [name, ['max>=0']]));
}
