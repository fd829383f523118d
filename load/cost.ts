/** What a request costs the service once its code is settled, as a cheap generator drives it after the proof. */
import { CONNECTIONS, findGenerator, send, type Generator, type Load, type Sent } from './cheap-generator.ts';
import { GeneratorError, messageOf } from './errors.ts';
import type { MachineUse } from './machine-watch.ts';
import type { HostedService } from './service-host.ts';

export interface Cost {
  /** `wrk` or `autocannon`, with its version. */
  readonly generator: string;
  readonly connections: number;
  /** Answers per second of the measured part: the throughput that k6 is too dear to see. */
  readonly perSecond: number;
  /** CPU time of the service alone, over all its threads; undefined where the system does not say. */
  readonly cpuUsPerRequest: number | undefined;
  /** Requests that the figure is over, and those before it, which warmed the code. */
  readonly requests: number;
  readonly warmupRequests: number;
  /** Of the CPU time of both, the generator's share; undefined where the system does not say. */
  readonly generatorShare: number | undefined;
  readonly foreignCores: number | undefined;
  readonly stealShare: number | undefined;
}

/** How many requests a figure is to be over. Of a service that is slower it is over what it answers in `mostSeconds`. */
export interface CostSizes {
  readonly warmupRequests: number;
  readonly requests: number;
  readonly mostSeconds: number;
}

/** Samples of a process are up to this old; the window within a run leaves out as much at its ends. */
const EDGE_MS = 150;

/** The generators count in whole seconds. */
const WARMUP_SECONDS = 1;

const generatorOfThisMachine = findGenerator();

/**
 * Warms the service up by count, since V8 needs some thousand requests to settle, and then measures.
 *
 * @throws {GeneratorError} the generator failed, or not every answer was a good one
 */
export async function measureCost(
  service: Pick<HostedService, 'url' | 'include' | 'use'>,
  requests: readonly Load[],
  sizes: CostSizes,
  signal: AbortSignal,
): Promise<Cost> {
  const generator = await generatorOfThisMachine;
  const run = async (seconds: number): Promise<Sent> => {
    const onStarted = (pid: number): void => service.include(pid);
    const sent = await send(generator, service.url, requests, { seconds, signal, onStarted }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw new GeneratorError(messageOf(error));
      },
    );
    refuseBad(generator, sent);
    return sent;
  };
  let warm = await run(WARMUP_SECONDS);
  let warmupRequests = warm.requests;
  for (let spent = WARMUP_SECONDS; warmupRequests < sizes.warmupRequests && spent < sizes.mostSeconds; spent++) {
    warm = await run(WARMUP_SECONDS);
    warmupRequests += warm.requests;
  }
  const sent = await run(secondsFor(sizes, warm.requests / warm.seconds));
  const perSecond = sent.requests / sent.seconds;
  const [fromMs, toMs] = [(sent.cpu[0]?.unixMs ?? 0) + EDGE_MS, (sent.cpu.at(-1)?.unixMs ?? 0) - EDGE_MS];
  const use = toMs > fromMs ? await service.use(fromMs, toMs) : undefined;
  return {
    generator: `${generator.name} ${generator.version}`,
    connections: CONNECTIONS,
    perSecond,
    cpuUsPerRequest: cpuUsOf(use, (perSecond * (toMs - fromMs)) / 1000),
    requests: sent.requests,
    warmupRequests,
    generatorShare: generatorShareOf(use),
    foreignCores: use?.foreignCores,
    stealShare: use?.stealShare,
  };
}

/** Seconds in which so many are answered, with what the edges leave out; at most `mostSeconds`. */
export function secondsFor({ requests, mostSeconds }: CostSizes, perSecond: number): number {
  return Math.max(1, Math.min(mostSeconds, Math.ceil((requests * 1.1) / perSecond + (2 * EDGE_MS) / 1000)));
}

function cpuUsOf(use: MachineUse | undefined, requests: number): number | undefined {
  return use?.serviceCpuMs === undefined || requests === 0 ? undefined : (use.serviceCpuMs * 1000) / requests;
}

/** Of the CPU time of the service and its generator; undefined where either is unknown. */
export function generatorShareOf(use: MachineUse | undefined): number | undefined {
  const { serviceCpuMs, generatorCpuMs } = use ?? {};
  if (serviceCpuMs === undefined || generatorCpuMs === undefined) return undefined;
  const both = serviceCpuMs + generatorCpuMs;
  return both === 0 ? undefined : generatorCpuMs / both;
}

function refuseBad({ name }: Generator, { requests, non2xx, socketErrors }: Sent): void {
  if (requests > 0 && non2xx === 0 && socketErrors === 0) return;
  throw new GeneratorError(
    `${name}: of ${requests} answers ${non2xx} were errors, and ${socketErrors} connections failed`,
  );
}
