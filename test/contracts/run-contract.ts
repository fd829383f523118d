import { describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import type { ResourceName, Strategy } from '../../src/strategies/strategy.ts';
import { brokenStrategy } from '../support/broken-strategy.ts';
import { startRig } from '../support/rig.ts';
import { redisFor, runsHere } from '../support/strategy-redis.ts';
import type { ContractCase } from './counters-contract.ts';

/** Declared deviations: what a strategy does without, by its own account. */
const deviations: Readonly<Record<string, readonly ContractCase['needs'][]>> = {
  atomic: ['listing', 'write-through', 'freed records'],
  'async-lock': ['awaits outside the guard'],
};

function owes(strategy: Strategy, { needs }: ContractCase): boolean {
  if (needs === 'write-through' && strategy.needs === 'redis') return false; // Redis is its state, nothing is behind it
  if (needs === 'other threads' && strategy.threads === 1) return false;
  return needs === undefined || !deviations[strategy.name]?.includes(needs);
}

/** On 2 and on 4 threads: `npm test` leaves it at 4; see `vitest.config.ts`. */
const threadCounts = (process.env['CONTRACT_THREADS'] ?? '2,4').split(',').map(Number);

/** Runs every case for every strategy that serves the resource, on so many threads, and on the broken one. */
export function runContract(resource: ResourceName, contract: readonly ContractCase[]): void {
  for (const strategy of strategies) {
    if (strategy.kind === 'control' || 'unsupported' in strategy.cells[resource]) continue;
    describe.skipIf(!runsHere(strategy)).concurrent(`${resource} / ${strategy.name}`, () => {
      const redis = redisFor(strategy);
      for (const threads of strategy.threads === 1 ? [1] : threadCounts) {
        const owed = contract.filter((promise) => owes(strategy, promise));
        it.for(owed)(`$name (${threads} threads)`, async (promise) => {
          await using rig = await startRig({ strategy, threads, settings: { ...redis(), ...promise.settings } });
          await promise.run(rig);
        });
      }
    });
  }

  describe(`${resource}: the contract itself`, () => {
    it.for(contract)('goes red on a broken strategy: $name', async (promise) => {
      await using rig = await startRig({ strategy: brokenStrategy, threads: 2, settings: promise.settings ?? {} });
      await expect(promise.run(rig)).rejects.toThrow();
    });
  });
}
