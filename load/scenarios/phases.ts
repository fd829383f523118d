/**
 * The phases every scenario script runs, as k6 options, and where an iteration stands in them.
 *
 * Warm-up and measured part are one k6 scenario, told apart by the number of the iteration: so the measured requests
 * find the VUs and connections of the warm-up, and no connection set-up is counted as latency of the service.
 */
import exec from 'k6/execution';
import type { Options, Scenario, Threshold } from 'k6/options';
import { durationsOf } from './durations.ts';
import { metricNames, sliceCount, type LoadProfile } from './profile.ts';

/** Each VU has a JavaScript engine of its own: 2 to 4 MB, and some ms to start. */
const MAX_VUS = 1_000;

export type Phase = 'warmup' | 'measure' | 'closed';

/** k6's options for `profile`: scenarios `open`, `closed` and `bystander`, which call functions of these names. */
export function optionsFor(profile: LoadProfile): Options {
  const { ratePerSecond, closedSeconds, closedVus, bystanderRatePerSecond, sloMs } = profile;
  const { openSeconds, closedStartSeconds, bystanderSeconds } = durationsOf(profile);
  const scenarios: Record<string, Scenario> = {
    open: {
      executor: 'constant-arrival-rate',
      exec: 'open',
      rate: ratePerSecond,
      duration: `${openSeconds}s`,
      ...vusFor(ratePerSecond, sloMs, 50),
      gracefulStop: '10s',
    },
    bystander: {
      executor: 'constant-arrival-rate',
      exec: 'bystander',
      rate: bystanderRatePerSecond,
      duration: `${bystanderSeconds}s`,
      ...vusFor(bystanderRatePerSecond, sloMs, 20),
      gracefulStop: '10s',
    },
  };
  if (closedSeconds > 0) {
    scenarios['closed'] = {
      executor: 'constant-vus',
      exec: 'closed',
      vus: closedVus,
      startTime: `${closedStartSeconds}s`,
      duration: `${closedSeconds}s`,
      gracefulStop: '10s',
    };
  }

  return {
    scenarios,
    thresholds: thresholdsFor(profile, ratePerSecond * openSeconds),
    discardResponseBodies: true,
    // Each tag costs the generator CPU time per request; these are the ones that are read.
    systemTags: ['scenario', 'status', 'expected_response'],
    summaryTrendStats: ['count', 'avg', 'min', 'med', 'max', ...percentiles()],
  };
}

/** Where the iteration that is running stands; in arrival-rate scenarios by its number, which is its scheduled time. */
export function currentPhase(profile: LoadProfile): Phase {
  const { iterationInTest, name } = exec.scenario;
  if (name === 'closed') return 'closed';
  const rate = name === 'open' ? profile.ratePerSecond : profile.bystanderRatePerSecond;
  const scheduledSeconds = iterationInTest / rate;
  if (scheduledSeconds < profile.warmupSeconds) return 'warmup';
  return scheduledSeconds < profile.warmupSeconds + profile.measureSeconds ? 'measure' : 'closed';
}

/**
 * By how many ms k6 started this iteration later than scheduled; the answer's own times do not include it.
 * True only while nothing was dropped, since a dropped iteration takes no number.
 */
export function schedulingLagMs(ratePerSecond: number, scenarioSeconds: number): number {
  const { progress, iterationInTest } = exec.scenario;
  return Math.max(0, progress * scenarioSeconds * 1000 - (iterationInTest * 1000) / ratePerSecond);
}

/** Four times as many as are busy when every answer takes as long as the objective allows; more than k6 can start helps nobody. */
function vusFor(ratePerSecond: number, sloMs: number, least: number): { preAllocatedVUs: number; maxVUs: number } {
  const vus = Math.min(MAX_VUS, Math.max(least, Math.ceil((ratePerSecond * 4 * sloMs) / 1000)));
  return { preAllocatedVUs: vus, maxVUs: vus };
}

/** Into which slice of the measured part an iteration belongs, by its scheduled time. */
export function sliceOf(iteration: number, profile: LoadProfile): number {
  const share = (iteration / profile.ratePerSecond - profile.warmupSeconds) / profile.measureSeconds;
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
