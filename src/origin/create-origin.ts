import type { MessagePort } from 'node:worker_threads';
import { seededRandom } from '../random.ts';
import type { Settings } from '../settings.ts';
import { EmbeddedOrigin, type EmbeddedOriginOptions } from './embedded.ts';
import type { OriginConnection } from './origin.ts';
import type { OriginLatency } from './latency.ts';
import { PortOrigin } from './port-origin.ts';
import type { ConnectionWatch } from './redis-connection.ts';
import { RedisOrigin, takeEpoch } from './redis.ts';

/** What main hands to a thread so that it finds the origin. */
export interface OriginAccess {
  /** Leads to the embedded origin on main; unused with Redis. */
  readonly originPort: MessagePort;
  /** What `takeOver` returned. */
  readonly originEpoch: number;
}

/** Makes the embedded origin, which main owns; nobody asks it anything while there is a Redis. */
export function createEmbeddedOrigin(settings: Settings): EmbeddedOrigin {
  return new EmbeddedOrigin(embeddedOptions(settings));
}

export function embeddedOptions(settings: Settings): EmbeddedOriginOptions {
  return {
    ...latencyOf(settings),
    documents: settings.ORIGIN_DOCUMENTS,
    documentsMb: settings.ORIGIN_MEMORY_MB,
    timeoutMs: settings.ORIGIN_TIMEOUT_MS,
  };
}

/** Makes a thread's own connection to the origin that the settings name. @param thread differs between threads */
export function createOrigin(
  settings: Settings,
  { originPort, originEpoch }: OriginAccess,
  thread = 0,
  watch?: ConnectionWatch,
): OriginConnection {
  if (settings.REDIS_URL === undefined) return new PortOrigin(originPort, settings.ORIGIN_TIMEOUT_MS);
  return createRedisOrigin(settings, settings.REDIS_URL, originEpoch, thread, watch);
}

export function createRedisOrigin(
  settings: Settings,
  url: string,
  epoch: number,
  thread = 0,
  watch?: ConnectionWatch,
): RedisOrigin {
  return new RedisOrigin({
    url,
    watch,
    namespace: settings.REDIS_NAMESPACE,
    epoch,
    timeoutMs: settings.ORIGIN_TIMEOUT_MS,
    documents: settings.ORIGIN_DOCUMENTS,
    ...latencyOf(settings, thread),
  });
}

function latencyOf({ ORIGIN_LATENCY_MS, ORIGIN_JITTER_MS, ORIGIN_SEED }: Settings, thread = 0): OriginLatency {
  return { latencyMs: ORIGIN_LATENCY_MS, jitterMs: ORIGIN_JITTER_MS, random: seededRandom(ORIGIN_SEED + thread) };
}

/**
 * Makes this service process the one that writes to the origin's namespace. Main calls it before any thread starts.
 *
 * @returns the epoch for every thread; 0 with the embedded origin, which nobody else can reach
 * @throws {OriginFailedError} {OriginTimeoutError} Redis cannot be reached, or refuses
 */
export async function takeOver(settings: Settings): Promise<number> {
  const { REDIS_URL: url, REDIS_NAMESPACE: namespace } = settings;
  if (url === undefined) return 0;
  const { ORIGIN_TIMEOUT_MS: timeoutMs, ORIGIN_DOCUMENTS: documents } = settings;
  return takeEpoch({ url, namespace, timeoutMs, documents });
}
