/** One cell of the plan: a fresh service, one run of k6, and the proof, before anything is believed. */
import { join } from 'node:path';
import { CpuSampler, cpuMsBetween } from './cpu-time.ts';
import { K6RunError, messageOf } from './errors.ts';
import { runScenario } from './k6/run-scenario.ts';
import { readSummary, type Measurement } from './k6/summary.ts';
import type { PlannedCell } from './plan.ts';
import { proofOf, readStored, type Proof } from './proof.ts';
import { startService } from './service.ts';

export interface CellContext {
  readonly k6Path: string;
  /** The program under test. */
  readonly serviceEntry: string;
  /** Where the raw summaries go. */
  readonly rawDirectory: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** What came of a cell. Either it was measured, or `error` says why not. */
export interface CellResult {
  readonly round: number;
  readonly workload: string;
  readonly strategy: string;
  readonly kind: PlannedCell['candidate']['kind'];
  readonly threads: number;
  readonly profile: PlannedCell['profile'];
  readonly startedAt: string;
  readonly measured?: {
    readonly measurement: Measurement;
    readonly proof: Proof;
    /** CPU time of the service in the measured part, per request answered in it; undefined where it cannot be read. */
    readonly cpuUsPerRequest: number | undefined;
  };
  readonly error?: string;
}

/** Runs a cell. What goes wrong in it is its result; only an interrupt is thrown. */
export async function measureCell(cell: PlannedCell, context: CellContext): Promise<CellResult> {
  const { round, workload, candidate, threads, profile } = cell;
  const identity = {
    round,
    workload: workload.name,
    strategy: candidate.name,
    kind: candidate.kind,
    threads,
    profile,
    startedAt: new Date().toISOString(),
  };
  try {
    return { ...identity, measured: await measure(cell, context) };
  } catch (error) {
    context.signal.throwIfAborted();
    return { ...identity, error: messageOf(error) };
  }
}

async function measure(cell: PlannedCell, context: CellContext): Promise<NonNullable<CellResult['measured']>> {
  const { workload, candidate, threads, profile, round } = cell;
  const { signal, say, k6Path } = context;
  say('starting the service');
  await using service = await startService({
    entry: context.serviceEntry,
    strategy: candidate.name,
    threads,
    writeThrough: workload.writeThrough,
    signal,
  });

  say(
    `${profile.ratePerSecond}/s for ${profile.warmupSeconds + profile.measureSeconds} s, then as fast as it goes for ${profile.closedSeconds} s`,
  );
  using cpu = new CpuSampler(service.pid);
  const summary = await runScenario({
    k6Path,
    script: workload.resource,
    baseUrl: service.url,
    strategy: candidate.name,
    profile,
    summaryPath: join(context.rawDirectory, `${round}-${workload.name}-${candidate.name}.json`),
    signal,
  });
  const measurement = readSummary(summary, profile);

  const stored = await readStored(service.url, candidate.name, profile.keys, signal);
  const proof = proofOf(measurement.buckets, stored);
  await service.stop();
  if (proof.acknowledged === 0) {
    throw new K6RunError(
      `no increment was acknowledged: ${proof.refused} were refused, ${proof.unknown} had no answer`,
    );
  }
  return { measurement, proof, cpuUsPerRequest: cpuUsPerRequest(cpu, measurement, profile) };
}

function cpuUsPerRequest(
  cpu: CpuSampler,
  measurement: Measurement,
  profile: PlannedCell['profile'],
): number | undefined {
  const fromUnixMs = measurement.openStartedUnixMs + profile.warmupSeconds * 1000;
  const cpuMs = cpuMsBetween(cpu.samples, fromUnixMs, fromUnixMs + profile.measureSeconds * 1000);
  return cpuMs === undefined || measurement.requestsMeasured === 0
    ? undefined
    : (cpuMs * 1000) / measurement.requestsMeasured;
}
