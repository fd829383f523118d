/**
 * k6: increments of counters, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/counters.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. Whether an acknowledged increment was lost
 * can only be told afterwards, from the stored values: `npm run compare` does that.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse, type ResponseType } from 'k6/http';
import { Counter, Gauge, Trend } from 'k6/metrics';
import { durationsOf } from './durations.ts';
import { currentPhase, optionsFor, schedulingLagMs } from './phases.ts';
import { bucketCount, bucketOf, keyName, metricNames, outcomeOf, profileFrom } from './profile.ts';
import { summaryOutput } from './summary-output.ts';

const baseUrl = __ENV['BASE_URL'] ?? 'http://127.0.0.1:3000';
const strategy = __ENV['STRATEGY'] ?? 'sync-lock';
const profile = profileFrom(__ENV);
const { openSeconds, bystanderSeconds } = durationsOf(profile);

export const options = optionsFor(profile);

const e2e = new Trend(metricNames.e2e);
const schedLag = new Trend(metricNames.schedLag);
const bystanderTime = new Trend(metricNames.bystander);
const closedDone = new Counter(metricNames.closedDone);
const openStarted = new Gauge(metricNames.openStarted);

const buckets = Array.from({ length: bucketCount(profile.keys) }, (_, bucket) => ({
  attempted: new Counter(metricNames.attempted(bucket)),
  acknowledged: new Counter(metricNames.acknowledged(bucket)),
  refused: new Counter(metricNames.refused(bucket)),
}));
const urls = Array.from(
  { length: profile.keys },
  (_, index) => `${baseUrl}/v1/${strategy}/counters/${keyName(index)}/increment`,
);

const requestParams = {
  warmup: { tags: { phase: 'warmup' }, timeout: '8s' },
  measure: { tags: { phase: 'measure' }, timeout: '8s' },
  closed: { tags: { phase: 'closed' }, timeout: '8s' },
} as const;
const phaseTags = { warmup: { phase: 'warmup' }, measure: { phase: 'measure' }, closed: { phase: 'closed' } } as const;
const bystanderParams = { timeout: '8s' } as const;

/** One increment at its scheduled time; its latency counts from then, whenever it was sent. */
export function open(): void {
  const lagMs = schedulingLagMs(profile.ratePerSecond, openSeconds);
  const phase = currentPhase(profile);
  const iteration = exec.scenario.iterationInTest;
  if (iteration === 0) openStarted.add(exec.scenario.startTime);

  const response = increment(iteration, phase);
  if (phase === 'measure' && outcomeOf(response.status) === 'acknowledged') {
    schedLag.add(lagMs, phaseTags.measure);
    e2e.add(lagMs + response.timings.blocked + response.timings.duration, phaseTags.measure);
  }
}

/** One increment as soon as the VU's last one was answered: how much the service can do, not how fast it answers. */
export function closed(): void {
  const response = increment(exec.scenario.iterationInTest, 'closed');
  const inTime = exec.scenario.progress < 1;
  if (inTime && outcomeOf(response.status) === 'acknowledged') closedDone.add(1);
}

/** Touches no shared state: what it waits for is the event loop, or the CPU. */
export function bystander(): void {
  const lagMs = schedulingLagMs(profile.bystanderRatePerSecond, bystanderSeconds);
  const phase = currentPhase(profile);
  const response = http.get(`${baseUrl}/healthz`, bystanderParams);
  check(response, { 'bystander answered': ({ status }) => status === 200 });
  bystanderTime.add(lagMs + response.timings.blocked + response.timings.duration, phaseTags[phase]);
}

export const handleSummary = summaryOutput(strategy, profile);

function increment(iteration: number, phase: keyof typeof requestParams): RefinedResponse<ResponseType> {
  const index = keyIndex(iteration);
  const bucket = buckets[bucketOf(index, profile.keys)]!;
  bucket.attempted.add(1);
  const response = http.post(urls[index]!, null, requestParams[phase]);
  const outcome = outcomeOf(response.status);
  if (outcome !== 'unknown') bucket[outcome].add(1);
  check(response, { 'increment acknowledged': () => outcome === 'acknowledged' });
  return response;
}

/** Spreads iterations over the keys as evenly as chance does, and the same way in every run of one seed. */
function keyIndex(iteration: number): number {
  let hash = Math.imul(iteration ^ profile.seed, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) % profile.keys;
}
