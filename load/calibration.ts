/**
 * What the generator can do here, measured against /healthz before anything else: above that rate its own lateness
 * would be reported as latency of the service, so no figure above it is believed.
 */
import { join } from 'node:path';
import type { CellContext } from './cell.ts';
import { K6RunError } from './errors.ts';
import { runScenario } from './k6/run-scenario.ts';
import { readSummary, type Measurement } from './k6/summary.ts';
import type { Candidate } from './registry.ts';
import type { ArrivalKind } from './scenarios/arrivals.ts';
import { MAX_RATE_PER_SECOND, type LoadProfile } from './scenarios/profile.ts';
import { p99Of } from './statistics/rows.ts';
import { LIMITS } from './validity.ts';

export interface Calibration {
  /** The highest rate at which the generator is on time; no p99 above it is believed. */
  readonly limitPerSecond: number;
  /** False when it was late even at the lowest rate that is tried: the machine is busy with something else. */
  readonly reliable: boolean;
  /** Of /healthz at that rate: what the generator, the loopback and bare HTTP cost. */
  readonly floorP50Ms: number | undefined;
  readonly floorP99Ms: number | undefined;
  /** The closed loop against /healthz: no throughput near it says anything about a strategy. */
  readonly ceilingPerSecond: number;
  /** Of /healthz probed as beside every workload, with nothing else going on: what the bystanders are held against. */
  readonly idleBystanderP99Ms: number | undefined;
  readonly tried: readonly { readonly ratePerSecond: number; readonly lagP99Ms: number; readonly onTime: boolean }[];
}

const RATES = [MAX_RATE_PER_SECOND, 1_500, 1_000, 500];
/** A disturbance of a moment must not decide what is believed of the whole comparison. */
const ATTEMPTS = 2;
const WARMUP_SECONDS = 0.5;
const MEASURE_SECONDS = 1.5;
const CLOSED_SECONDS = 1;
/** Next to nothing besides the probe, which has its highest rate for long enough to have a p99. */
const IDLE = { ratePerSecond: 1, measureSeconds: 3, closedSeconds: 0, bystanderRatePerSecond: 650 } as const;

/** Tries the rates from the highest down, each twice, until one is kept up. */
export async function calibrate(
  candidate: Candidate,
  { threads, arrivals }: { readonly threads: number; readonly arrivals: ArrivalKind },
  context: CellContext,
): Promise<Calibration> {
  context.say('starting the service');
  const { strategy, threads: fixed = threads } = candidate;
  await using service = await context.host.start({ strategy, threads: fixed, environment: {} }, context.signal);
  const measure = async (name: string, varied: Partial<LoadProfile>): Promise<Measurement> => {
    const profile: LoadProfile = {
      ratePerSecond: MAX_RATE_PER_SECOND,
      warmupSeconds: WARMUP_SECONDS,
      measureSeconds: MEASURE_SECONDS,
      closedSeconds: CLOSED_SECONDS,
      closedVus: 50,
      bystanderRatePerSecond: 20,
      keys: 1,
      sloMs: 50,
      seed: 1,
      arrivals,
      arrivalSeed: 1,
      ...varied,
    };
    const summary = await runScenario({
      k6Path: context.k6Path,
      script: 'healthz',
      baseUrl: service.url,
      strategy: candidate.strategy,
      profile,
      summaryPath: join(context.rawDirectory, `calibration-${name}.json`),
      signal: context.signal,
    });
    return readSummary(summary, profile);
  };
  const generator = await calibrateWith(async (ratePerSecond) => {
    context.say(`/healthz at ${ratePerSecond}/s`);
    return await measure(String(ratePerSecond), { ratePerSecond });
  });
  context.say('/healthz alone');
  const idle = await unlessCut(measure('idle', IDLE));
  return { ...generator, idleBystanderP99Ms: idle?.bystanderDropped === 0 ? p99Of(idle.bystander) : undefined };
}

/** Undefined for a run that k6 could not do as it was told to. */
async function unlessCut(run: Promise<Measurement>): Promise<Measurement | undefined> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof K6RunError) return undefined;
    throw error;
  }
}

/** The search itself, over any way of measuring. A run that was cut short counts as late. */
export async function calibrateWith(
  measure: (ratePerSecond: number) => Promise<Measurement>,
): Promise<Omit<Calibration, 'idleBystanderP99Ms'>> {
  const tried: { ratePerSecond: number; lagP99Ms: number; onTime: boolean }[] = [];
  let last: Measurement | undefined;
  for (const ratePerSecond of RATES.flatMap((rate) => Array.from({ length: ATTEMPTS }, () => rate))) {
    const measurement = await unlessCut(measure(ratePerSecond));
    last = measurement ?? last;
    const onTime = measurement !== undefined && isOnTime(measurement, ratePerSecond);
    tried.push({ ratePerSecond, lagP99Ms: measurement?.schedLagP99Ms ?? Number.NaN, onTime });
    if (onTime) break;
  }
  if (last === undefined) throw new K6RunError('k6 could not keep up even 500 requests a second against /healthz');
  const { ratePerSecond, onTime } = tried.at(-1)!;
  return {
    limitPerSecond: ratePerSecond,
    reliable: onTime,
    floorP50Ms: last.e2e?.p50,
    floorP99Ms: last.e2e?.p99,
    ceilingPerSecond: last.closedPerSecond ?? 0,
    tried,
  };
}

function isOnTime({ dropped, unstarted, schedLagP99Ms }: Measurement, ratePerSecond: number): boolean {
  const arrivals = ratePerSecond * (WARMUP_SECONDS + MEASURE_SECONDS);
  return dropped === 0 && unstarted <= LIMITS.unstartedShare * arrivals && schedLagP99Ms <= LIMITS.lagP99Ms;
}
