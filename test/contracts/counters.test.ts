import { describe, expect, it } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import { brokenStrategy } from '../support/broken-strategy.ts';
import { startRig } from '../support/rig.ts';
import { countersContract } from './counters-contract.ts';

const sound = strategies.filter(({ kind, cells }) => kind !== 'control' && !('unsupported' in cells.counters));

for (const strategy of sound) {
  describe.concurrent(`counters / ${strategy.name}`, () => {
    for (const threads of strategy.threads === 1 ? [1] : [2, 4]) {
      it.for(countersContract)(`$name (${threads} threads)`, async (promise) => {
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
