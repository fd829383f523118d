import type { MessagePort } from 'node:worker_threads';
import { seededRandom } from '../random.ts';
import type { Settings } from '../settings.ts';
import { EmbeddedOrigin, type EmbeddedOriginOptions } from './embedded.ts';
import type { FenceWatch } from './fence-watch.ts';
import type { OriginConnection, StoredCell } from './origin.ts';
import type { OriginLatency } from './latency.ts';
import { PortOrigin } from './port-origin.ts';
import type { ConnectionWatch } from './redis-connection.ts';
import type { SharedOrigin } from './shared-origin.ts';

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

/** The thread that a connection is for. */
export interface OriginUser {
  /** Differs between threads. */
  readonly thread: number;
  readonly shared: SharedOrigin;
  readonly watch?: ConnectionWatch | undefined;
}

/** Makes a thread's own connection to the origin that the settings name. Only with Redis is its client loaded. */
export async function createOrigin(
  settings: Settings,
  { originPort, originEpoch: epoch }: OriginAccess,
  { thread, shared, watch }: OriginUser,
): Promise<OriginConnection> {
  if (settings.REDIS_URL === undefined) return new PortOrigin(originPort, settings.ORIGIN_TIMEOUT_MS);
  const { RedisOrigin } = await import('./redis.ts');
  return new RedisOrigin({
    ...redisOf(settings, settings.REDIS_URL),
    ...latencyOf(settings, thread),
    epoch,
    shared,
    watch,
  });
}

function redisOf(settings: Settings, url: string) {
  const { REDIS_NAMESPACE: namespace, ORIGIN_TIMEOUT_MS: timeoutMs } = settings;
  const { ORIGIN_DOCUMENTS: documents, ORIGIN_MEMORY_MB: documentsMb } = settings;
  return { url, namespace, timeoutMs, documents, documentsMb };
}

function latencyOf({ ORIGIN_LATENCY_MS, ORIGIN_JITTER_MS, ORIGIN_SEED }: Settings, thread = 0): OriginLatency {
  return { latencyMs: ORIGIN_LATENCY_MS, jitterMs: ORIGIN_JITTER_MS, random: seededRandom(ORIGIN_SEED + thread) };
}

/**
 * Makes this service process the one that writes to the origin's namespace. Main calls it before any thread starts.
 *
 * @param cells what will be restored, and how much of it may be there
 * @returns the epoch for every thread; 0 with the embedded origin, which nobody else can reach
 * @throws {OriginFailedError} {OriginTimeoutError} {OriginFullError} as `takeEpoch`
 */
export async function takeOver(settings: Settings, cells: readonly StoredCell[] = []): Promise<number> {
  if (settings.REDIS_URL === undefined) return 0;
  const { takeEpoch } = await import('./redis-start.ts');
  return takeEpoch({ ...redisOf(settings, settings.REDIS_URL), cells });
}

/** Watches over what `takeOver` took. @param onFencedOut another service process has it now */
export async function watchFence(
  settings: Settings,
  epoch: number,
  shared: SharedOrigin,
  onFencedOut: () => void,
): Promise<FenceWatch | undefined> {
  if (settings.REDIS_URL === undefined) return undefined;
  const { FenceWatch } = await import('./fence-watch.ts');
  return new FenceWatch({ ...redisOf(settings, settings.REDIS_URL), epoch, shared, onFencedOut });
}
