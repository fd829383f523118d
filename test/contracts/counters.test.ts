import { describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import { brokenStrategy } from '../support/broken-strategy.ts';
import { startRig } from '../support/rig.ts';
import { type ContractCase, countersContract } from './counters-contract.ts';

/** Declared deviations: what a strategy does without, by its own account. */
const deviations: Readonly<Record<string, readonly ContractCase['needs'][]>> = {
  atomic: ['listing', 'write-through', 'freed records'],
};

const sound = strategies.filter(({ kind, cells }) => kind !== 'control' && !('unsupported' in cells.counters));

for (const strategy of sound) {
  describe.concurrent(`counters / ${strategy.name}`, () => {
    for (const threads of strategy.threads === 1 ? [1] : [2, 4]) {
      const applicable = countersContract.filter(
        ({ needs }) => needs === undefined || !deviations[strategy.name]?.includes(needs),
      );
      it.for(applicable)(`$name (${threads} threads)`, async (promise) => {
        await using rig = await startRig({ strategy, threads, settings: promise.settings ?? {} });
        await promise.run(rig);
      });
    }
  });
}

describe('the contract itself', () => {
  it.for(countersContract)('goes red on a broken strategy: $name', async (promise) => {
    await using rig = await startRig({ strategy: brokenStrategy, threads: 2, settings: promise.settings ?? {} });
    await expect(promise.run(rig)).rejects.toThrow();
  });
});
