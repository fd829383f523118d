/** Origins on a Redis that tests share, each test in a namespace of its own. */
import { RedisOrigin, type RedisOriginOptions } from '../../src/origin/redis.ts';
import { takeEpoch } from '../../src/origin/redis-start.ts';

let lastNamespace = 0;

export function ownNamespace(): string {
  return `test-${++lastNamespace}`;
}

export interface RigOriginOptions extends Partial<RedisOriginOptions> {
  readonly url: string;
  readonly namespace: string;
  /** Where the epoch is taken, if not at `url`: past a proxy. */
  readonly directUrl?: string;
}

/** A connected origin. Without an epoch it takes the namespace over, as a newer process would. Dispose closes it. */
export async function connectOrigin(
  options: RigOriginOptions,
): Promise<RedisOrigin & AsyncDisposable & { readonly epoch: number }> {
  const timeoutMs = options.timeoutMs ?? 1_000;
  const { url, namespace, documents = 0, documentsMb = 256 } = options;
  const epoch = options.epoch ?? (await takeEpoch({ url: options.directUrl ?? url, namespace, timeoutMs, documents }));
  const fast = { latencyMs: 0, jitterMs: 0, random: () => 0.5 };
  const origin = new RedisOrigin({ ...fast, ...options, documents, documentsMb, timeoutMs, epoch });
  await origin.connected();
  return Object.assign(origin, { epoch, [Symbol.asyncDispose]: () => origin.close() });
}
