import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import type { History } from '../support/history.ts';
import {
  incrementsOnly,
  mixedOperations,
  recordHistory,
  type RecordOptions,
} from '../support/counters-http-history.ts';
import { checkIncrements } from '../support/increment-order.ts';
import { checkLinearizable } from '../support/linearizability.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';
import { redisFor, runsHere } from '../support/strategy-redis.ts';

const seed = 20_261_123;

const inMemory = { mode: 'in memory', settings: {}, increments: 5_000, mixed: 2_000 };
const inRedis = { ...inMemory, mode: 'in Redis', settings: { ORIGIN_LATENCY_MS: '0' } };
const writtenThrough = {
  mode: 'written through',
  settings: { WRITE_THROUGH: 'on', ORIGIN_LATENCY_MS: '1' },
  increments: 500, // fewer, because async-lock holds its guard across each of these waits
  mixed: 500,
};

for (const served of strategies) {
  const { name: strategy, kind, threads = 2 } = served;
  // The control is there to show that these checks can fail.
  const control = kind === 'control';
  const verdict = control ? { ok: false, because: 'violation' } : { ok: true };

  const modes = modesOf(served);

  describe.skipIf(!runsHere(served)).each(modes)(
    `histories over HTTP / ${strategy}, $mode`,
    { timeout: 60_000 },
    (mode) => {
      const redis = redisFor(served);
      let service: ServiceUnderTest;
      beforeAll(async () => {
        service = await startServiceUnderTest({
          STRATEGIES: strategy,
          CONTROLS: 'on',
          THREADS: String(threads),
          ...mode.settings,
          ...redis(),
        });
      }, 30_000);
      afterAll(() => stopCleanly(service), 30_000);

      it(`${control ? 'does not count' : 'counts'} increments exactly and in order`, async () => {
        const history = await record(service, {
          strategy,
          operations: mode.increments,
          mix: incrementsOnly,
          keys: ['hits'],
        });
        expect(checkIncrements(history)).toMatchObject(verdict);
      });

      it(`is ${control ? 'not ' : ''}linearizable under mixed operations`, async () => {
        const history = await record(service, {
          strategy,
          operations: mode.mixed,
          mix: mixedOperations,
          keys: ['hot', 'warm'],
        });
        expect(checkLinearizable(history)).toMatchObject(verdict);
      });
    },
  );
}

function modesOf({ kind, needs }: Strategy) {
  if (needs === 'redis') return [inRedis];
  return kind === 'floor' ? [inMemory] : [inMemory, writtenThrough]; // a floor has no write-through: it answers 501
}

/** Every operation must have been answered: a history of unknown outcomes proves nothing. */
async function record(
  { url }: ServiceUnderTest,
  options: Pick<RecordOptions, 'strategy' | 'operations' | 'mix' | 'keys'>,
): Promise<History> {
  const history = await recordHistory({ url, seed, ...options });
  expect(history.filter(({ answer }) => answer.is !== 'unknown')).toHaveLength(options.operations);
  return history;
}
