import { afterAll, beforeAll, describe, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import {
  expectRefused,
  hostileToCounters,
  hostileToRoutes,
  hostileToServer,
  slowRequests,
  smugglingAttempts,
  writeSentinel,
} from '../support/hostile-requests.ts';
import type { HostileRequest } from '../support/hostile/hostile-request.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';
import { redisFor, runsHere } from '../support/strategy-redis.ts';

for (const served of strategies) {
  const { name: strategy, threads } = served;
  const base = `/v1/${strategy}/counters`;
  // What never reaches a strategy needs no repetition under each.
  const shared = strategy === strategies[0]?.name ? [...hostileToRoutes(strategy), ...hostileToServer()] : [];

  describe.skipIf(!runsHere(served))(`bad requests / ${strategy}`, () => {
    const redis = redisFor(served);
    let service: ServiceUnderTest;
    beforeAll(async () => {
      const settings = { STRATEGIES: strategy, CONTROLS: 'on', THREADS: String(threads ?? 2) };
      service = await startServiceUnderTest({ ...settings, ...redis() });
      await writeSentinel(service.url, base);
    }, 30_000);
    afterAll(() => stopCleanly(service), 30_000);

    const requests = [...hostileToCounters(base), ...smugglingAttempts(base), ...shared];
    it.each(named(requests))('%s', { timeout: 10_000 }, (_, request) => expectRefused(service.url, base, request));
  });
}

// Seconds each, because they wait for the service to lose its patience.
describe.runIf(process.env['SLOW_TESTS'] === 'on')('requests that never end', () => {
  const base = `/v1/${strategies[0]?.name}/counters`;
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ THREADS: '2' });
    await writeSentinel(service.url, base);
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000);

  it.concurrent.each(named(slowRequests(base)))('%s', { timeout: 60_000 }, (_, request) =>
    expectRefused(service.url, base, request, 40_000),
  );
});

function named(requests: readonly HostileRequest[]): [name: string, HostileRequest][] {
  return requests.map((request) => [request.name, request]);
}
