/** One measurement: one server under one load for a few seconds, and what proves that it did the work. */
import { setTimeout as delay } from 'node:timers/promises';
import { CpuSampler, cpuMsBetween, type CpuSample } from '../../load/cpu-time.ts';
import { CONNECTIONS, send, type Counted, type Generator, type Load } from '../../load/cheap-generator.ts';
import type { ServerProcess } from './server-process.ts';

export interface Measurement extends Counted {
  readonly perSecond: number;
  /** CPU time of the server, all threads and the kernel's part; undefined where the system does not tell. */
  readonly cpuUsPerRequest: number | undefined;
  /** Cores in use: of the generator's one thread, and of the server. */
  readonly generatorCores: number | undefined;
  readonly serverCores: number | undefined;
}

export interface MeasureOptions {
  readonly generator: Generator;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Samples of a process are up to this old; the window within the run leaves out as much at its ends. */
const EDGE_MS = 150;

export async function measure(server: ServerProcess, load: Load, options: MeasureOptions): Promise<Measurement> {
  using sampler = new CpuSampler(server.pid);
  const sent = await send(options.generator, server.url, [load], options);
  const { cpu, ...counted } = sent;
  const perSecond = counted.requests / counted.seconds;
  const serverCores = coresOf(sampler.samples, cpu);
  return {
    ...counted,
    perSecond,
    cpuUsPerRequest: serverCores === undefined ? undefined : (serverCores * 1e6) / perSecond,
    generatorCores: coresOf(cpu, cpu),
    serverCores,
  };
}

/** CPU time per time, in the inner part of the generator's run. */
function coresOf(samples: readonly CpuSample[], ofRun: readonly CpuSample[]): number | undefined {
  const fromMs = (ofRun[0]?.unixMs ?? 0) + EDGE_MS;
  const toMs = (ofRun.at(-1)?.unixMs ?? 0) - EDGE_MS;
  if (toMs <= fromMs) return undefined;
  const cpuMs = cpuMsBetween(samples, fromMs, toMs);
  return cpuMs === undefined ? undefined : cpuMs / (toMs - fromMs);
}

const SETTLE_POLL_MS = 50;

/** A count once requests that the generator gave up have run out; 0 where there is none yet. */
export async function settledCount(url: string, field: string, signal: AbortSignal): Promise<number> {
  for (let last = Number.NaN; ; await delay(SETTLE_POLL_MS)) {
    const response = await fetch(url, { signal });
    const { [field]: count = 0 } = (await response.json()) as Record<string, number>;
    if (count === last) return count;
    last = count;
  }
}

/**
 * Why a run cannot be believed; undefined when it can.
 *
 * @param counted by how much the server's own count grew; more than was acknowledged by at most what was in flight when
 *   the generator stopped, one request per connection
 */
export function doubtOf(
  { requests, non2xx, socketErrors }: Counted,
  counted: number | undefined,
  inFlight = CONNECTIONS,
): string | undefined {
  if (requests === 0) return 'no request was answered';
  if (non2xx > 0) return `${non2xx} of ${requests} answers were errors`;
  if (socketErrors > 0) return `${socketErrors} connections failed`;
  if (counted === undefined) return undefined;
  if (counted < requests) return `${requests} were acknowledged, and ${counted} are counted`;
  if (counted > requests + inFlight) return `${requests} were acknowledged, but ${counted} are counted`;
  return undefined;
}
