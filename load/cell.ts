/** One cell of the plan: a fresh service, one run of k6, and the proof, before anything is believed. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { generatorShareOf, measureCost, type Cost } from './cost.ts';
import { K6RunError, messageOf } from './errors.ts';
import { runScenario } from './k6/run-scenario.ts';
import { readSummary, type Measurement } from './k6/summary.ts';
import type { PlannedCell } from './plan.ts';
import type { HostedService, ServiceHost } from './service-host.ts';
import { readServiceView, type ServiceView } from './service-view.ts';
import { arrivalCount, sentTimesIn, type LoadProfile } from './scenarios/profile.ts';
import { countDispersion, gapVariation } from './scenarios/arrivals.ts';
import { durationsOf } from './scenarios/durations.ts';
import { flagsOf, isForeign, type Conditions, type Foreign } from './validity.ts';
import { neededWindowSeconds, type Window } from './window.ts';
import type { Proof, Target } from './workloads/workload.ts';

export interface CellContext {
  readonly k6Path: string;
  /** Starts the service of each run. */
  readonly host: ServiceHost;
  /** Where the raw summaries go. */
  readonly rawDirectory: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** What the generator sent in the measured part, by its own clock. */
export interface SentArrivals {
  readonly count: number;
  /** Of the gaps, standard deviation over mean: 1 for Poisson. */
  readonly gapVariation: number;
  /** Of the counts in bins of 250 ms, variance over mean: 1 for Poisson. */
  readonly countDispersion: number;
}

export interface Measured {
  readonly measurement: Omit<Measurement, 'tallies'>;
  /** Undefined where the script did not say; missing in files from before arrivals were random, as are those that follow. */
  readonly sent?: SentArrivals;
  /** For a claim about a p99. */
  readonly window?: Window;
  /** Of no control, and of no step of a capacity search. */
  readonly cost?: Cost;
  readonly proof: Proof;
  /** Of the CPU time of k6 and the service, k6's share in the measured part and in the closed loop. */
  readonly generatorShare?: { readonly open: number | undefined; readonly closed: number | undefined };
  /** The settled CPU time of the service per request, as `cost` has it: the primary cost. */
  readonly cpuUsPerRequest: number | undefined;
  readonly conditions: Conditions;
  /** What must be known of the run; empty when nothing. */
  readonly flags: readonly string[];
  readonly service: ServiceView;
}

/** What came of a cell. Either it was measured, or `error` says why not. */
export interface CellResult {
  readonly round: number;
  readonly workload: string;
  readonly strategy: string;
  readonly kind: PlannedCell['candidate']['kind'];
  readonly threads: number;
  readonly point?: number;
  readonly profile: PlannedCell['profile'];
  readonly startedAt: string;
  /** How often it was run: more than once when the first was disturbed. */
  readonly attempts: number;
  readonly measured?: Measured;
  readonly error?: string;
}

/**
 * Runs a cell, again when something foreign disturbed it or, the control, when it passed its proof, at most `retries` times. What goes
 * wrong in it is its result; only an interrupt is thrown.
 */
export async function measureCell(cell: PlannedCell, context: CellContext, retries: number): Promise<CellResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await measureOnce(cell, context, attempt);
    const reasons = reasonsToRepeat(result);
    if (reasons.length === 0 || attempt > retries) return result;
    context.say(`again, since ${reasons.join(' and ')}`);
  }
}

/** Of the control nothing is wanted but that its proof fails, and a disturbance does not take that back. */
function reasonsToRepeat({ kind, measured }: CellResult): readonly string[] {
  if (measured === undefined) return [];
  if (kind !== 'control') return measured.flags.filter(isForeign);
  return measured.proof.holds ? ['the control passed its proof'] : [];
}

async function measureOnce(cell: PlannedCell, context: CellContext, attempts: number): Promise<CellResult> {
  const { round, workload, candidate, threads, point, profile } = cell;
  const identity = {
    round,
    workload: workload.name,
    strategy: candidate.name,
    kind: candidate.kind,
    threads,
    ...(point === undefined ? {} : { point }),
    profile,
    startedAt: new Date().toISOString(),
    attempts,
  };
  try {
    return { ...identity, measured: await measure(cell, context) };
  } catch (error) {
    context.signal.throwIfAborted();
    return { ...identity, error: messageOf(error) };
  }
}

async function measure(cell: PlannedCell, context: CellContext): Promise<Measured> {
  const { workload, candidate, threads, profile, environment } = cell;
  const { signal, say, host } = context;
  say('starting the service');
  const { strategy, build } = candidate;
  await using service = await host.start({ strategy, threads, environment, build }, signal);
  const target: Target = {
    baseUrl: service.url,
    strategy,
    keys: profile.keys,
    environment,
    signal,
  };
  await workload.prepare?.(target);
  const startedMs = Date.now();

  say(
    `${profile.ratePerSecond}/s for ${profile.warmupSeconds + profile.measureSeconds} s` +
      (profile.closedSeconds > 0 ? `, then as fast as it goes for ${profile.closedSeconds} s` : ''),
  );
  const { measurement, lines } = await load(cell, context, service);
  const view = await readServiceView(service.url, signal);
  const seen = { tallies: measurement.tallies, lines, elapsedMs: Date.now() - startedMs };
  const proof = await workload.prove(target, seen);
  const fromUnixMs = measurement.openStartedUnixMs + profile.warmupSeconds * 1000;
  const use = await service.use(fromUnixMs, fromUnixMs + profile.measureSeconds * 1000);
  const closedUse = profile.closedSeconds > 0 ? await service.use(...closedWindow(measurement, profile)) : undefined;
  const cost = proof.holds ? await costOf(cell, context, service) : undefined;
  await service.stop();
  if (proof.acknowledged === 0) {
    throw new K6RunError(`nothing was acknowledged: ${proof.refused} were refused, ${proof.unknown} had no answer`);
  }

  const { tallies: _tallies, ...kept } = measurement;
  const conditions: Conditions = {
    foreignCores: use.foreignCores,
    stealShare: use.stealShare,
    busyShare: use.busyShare,
    lagP99Ms: measurement.dropped > 0 ? undefined : measurement.schedLagP99Ms,
    unstartedShare: measurement.unstarted / arrivalCount(profile),
    ...(closedUse === undefined ? {} : { closed: foreignIn(closedUse) }),
    ...(cost === undefined ? {} : { cost: foreignIn(cost) }),
  };
  return {
    measurement: kept,
    ...sentOf(lines, profile),
    window: windowOf(cell, kept),
    proof,
    generatorShare: { open: generatorShareOf(use), closed: generatorShareOf(closedUse) },
    ...(cost === undefined ? {} : { cost }),
    cpuUsPerRequest: cost?.cpuUsPerRequest,
    conditions,
    flags: flagsOf(conditions),
    service: view,
  };
}

/** The process of k6 is sampled while it is there, which it is a moment longer than its last phase. */
const EDGE_MS = 200;

function closedWindow(
  { openStartedUnixMs }: Measurement,
  profile: LoadProfile,
): [fromUnixMs: number, toUnixMs: number] {
  const fromMs = openStartedUnixMs + durationsOf(profile).closedStartSeconds * 1000;
  return [fromMs + EDGE_MS, fromMs + profile.closedSeconds * 1000 - EDGE_MS];
}

function foreignIn({ foreignCores, stealShare }: Foreign): Foreign {
  return { foreignCores, stealShare };
}

/** On the service that was measured, which is warm, or on one of its own where the workload itself is slow. */
/** A candidate that is another by its settings, such as one that burns CPU, stays it. */
export function costSettings({ environment, workload, candidate }: PlannedCell): Record<string, string> {
  return { ...environment, ...workload.cost.environment, ...candidate.environment };
}

async function costOf(cell: PlannedCell, context: CellContext, service: HostedService): Promise<Cost | undefined> {
  const { workload, candidate, threads, profile, cost: sizes } = cell;
  const { signal, say, host } = context;
  if (sizes === undefined) return undefined;
  say('the settled cost of a request');
  const requests = workload.cost.requests(`/v1/${candidate.strategy}`, profile.keys);
  if (workload.cost.environment === undefined) return await measureCost(service, requests, sizes, signal);
  const settings = costSettings(cell);
  const { strategy, build } = candidate;
  await service.stop(); // one at a time: it would take memory and CPU time from the other
  await using other = await host.start({ strategy, threads, environment: settings, build }, signal);
  const cost = await measureCost(other, requests, sizes, signal);
  await other.stop();
  return cost;
}

function sentOf(lines: readonly string[], { warmupSeconds, measureSeconds }: LoadProfile): Pick<Measured, 'sent'> {
  const times = sentTimesIn(lines);
  if (times.length < 3) return {};
  const dispersion = countDispersion(times, warmupSeconds, warmupSeconds + measureSeconds);
  return { sent: { count: times.length, gapVariation: gapVariation(times), countDispersion: dispersion } };
}

/** The capacity as it is known, else as the closed loop showed it. */
function windowOf(
  { workload, candidate, profile }: PlannedCell,
  measurement: Pick<Measurement, 'closedPerSecond'>,
): Window {
  const capacityPerSecond = workload.capacityPerSecond?.[candidate.strategy] ?? measurement.closedPerSecond;
  const neededSeconds =
    capacityPerSecond === undefined ? undefined : neededWindowSeconds(profile.ratePerSecond, capacityPerSecond);
  return { neededSeconds, hadSeconds: profile.measureSeconds };
}

async function load(
  { workload, candidate, point, profile, round }: PlannedCell,
  { k6Path, rawDirectory, signal }: CellContext,
  service: HostedService,
): Promise<{ measurement: Measurement; lines: string[] }> {
  const rate = profile.closedSeconds > 0 ? '' : `-at-${profile.ratePerSecond}`;
  const swept = point === undefined ? '' : `-${point}`;
  const name = `${round}-${workload.name}-${candidate.name.replaceAll(' ', '-')}${swept}${rate}`;
  const linesPath = join(rawDirectory, `${name}.txt`);
  await rm(linesPath, { force: true }); // k6 appends: the lines of an attempt that was disturbed are not of this one
  const summary = await runScenario({
    k6Path,
    script: workload.script,
    baseUrl: service.url,
    strategy: candidate.strategy,
    profile,
    summaryPath: join(rawDirectory, `${name}.json`),
    linesPath,
    signal,
    onStarted: (pid) => service.include(pid),
  });
  const text = await readFile(linesPath, 'utf8').catch(() => ''); // made with the first line
  return { measurement: readSummary(summary, profile), lines: text.split('\n') };
}
