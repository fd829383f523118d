/** Documents over HTTP never go back: recorded histories under every strategy, with either origin. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import { recordCacheHistory } from '../support/cache-http-history.ts';
import { checkLinearizable } from '../support/linearizability.ts';
import { ownNamespace } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

const OPERATIONS = 1_500;
/** Slow enough for what the clients ask to overlap, and copies that expire all the time. */
const settings = { CONTROLS: 'on', ORIGIN_LATENCY_MS: '2', ORIGIN_JITTER_MS: '2', CACHE_TTL_MS: '20' };

const serving = strategies.filter(({ cells }) => !('unsupported' in cells.cache));

describe.each(['embedded', 'Redis'])('histories of documents over HTTP, origin: %s', (origin) => {
  describe.skipIf(origin === 'Redis' && redisProgram === undefined).each(serving)(
    '$name',
    ({ name, kind, threads = 2 }) => {
      let redis: RedisServer | undefined;
      let service: ServiceUnderTest;
      beforeAll(async () => {
        if (origin === 'Redis') redis = await RedisServer.start();
        service = await startServiceUnderTest({
          ...settings,
          STRATEGIES: name,
          THREADS: String(threads),
          ...(redis && { REDIS_URL: redis.url, REDIS_NAMESPACE: ownNamespace() }),
        });
      }, 60_000);
      afterAll(async () => {
        await stopCleanly(service);
        await redis?.[Symbol.asyncDispose]();
      }, 60_000);

      it(
        `as a ${kind} must: ${kind === 'control' ? 'go back, which the check sees' : 'never go back'}`,
        { timeout: 120_000 },
        async () => {
          const history = await recordCacheHistory({
            url: service.url,
            strategy: name,
            operations: OPERATIONS,
            keys: ['hot', 'warm'],
            clients: 8,
            seed: 20_261_130,
          });
          expect(history.filter(({ answer }) => answer.is === 'unknown')).toEqual([]);
          expect(history.length).toBeGreaterThan(0.9 * OPERATIONS); // the rest forgot copies
          const verdict = kind === 'control' ? { ok: false, because: 'violation' } : { ok: true };
          expect(checkLinearizable(history)).toMatchObject(verdict);
        },
      );
    },
  );
});
