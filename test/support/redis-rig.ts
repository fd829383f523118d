/** Origins on a Redis that tests share, each test in a namespace of its own. */
import { RedisOrigin, type RedisOriginOptions, takeEpoch } from '../../src/origin/redis.ts';

let lastNamespace = 0;

export function ownNamespace(): string {
  return `test-${++lastNamespace}`;
}

/** A connected origin. Without an epoch it takes the namespace over, as a newer process would. Dispose closes it. */
export async function connectOrigin(
  options: Partial<RedisOriginOptions> & { readonly url: string; readonly namespace: string },
): Promise<RedisOrigin & AsyncDisposable> {
  const timeoutMs = options.timeoutMs ?? 1_000;
  const { url, namespace, documents = 0 } = options;
  const epoch = options.epoch ?? (await takeEpoch({ url, namespace, timeoutMs, documents }));
  const fast = { latencyMs: 0, jitterMs: 0, random: () => 0.5 };
  const origin = new RedisOrigin({ ...fast, ...options, documents, timeoutMs, epoch });
  await origin.connected();
  return Object.assign(origin, { [Symbol.asyncDispose]: () => origin.close() });
}
