import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PatchedSource, SMALL_BOUNDS } from '../support/patched-source.ts';
import { Explorer } from '../support/steps/explorer.ts';
import { scenarioModules, scenariosOf } from './scenarios/index.ts';

/** Enumerated runs of a scenario that is too large to be explored whole, and random seeds; `prove/locks.ts` runs more. */
const MAX_RUNS = 1_500;
const SEEDS = 1_000;

const small = new PatchedSource(SMALL_BOUNDS);
let explorer: Explorer;
beforeAll(async () => void (explorer = await Explorer.start()));
afterAll(async () => {
  await explorer[Symbol.asyncDispose]();
  small[Symbol.dispose]();
});

describe.each(scenarioModules)('%s, step by step', (module) => {
  const { scenarios, url } = scenariosOf(module);

  it.each(scenarios.filter(({ exhaustive }) => exhaustive))(
    '$name: all of it',
    { timeout: 120_000 },
    async (scenario) => {
      await explorer.load(scenario, url, small.href);
      const { failure, complete } = await explorer.all(Infinity);
      expect(failure).toBeUndefined();
      expect(complete).toBe(true);
    },
  );

  it.each(scenarios.filter(({ exhaustive }) => !exhaustive))(
    '$name: a part of it',
    { timeout: 60_000 },
    async (scenario) => {
      await explorer.load(scenario, url, small.href);
      expect((await explorer.all(MAX_RUNS)).failure).toBeUndefined();
      expect((await explorer.seeds(1, SEEDS)).failure).toBeUndefined();
    },
  );
});

describe('the scheduler itself', () => {
  it('tries every interleaving of two threads that lock once', async () => {
    const { scenarios, url } = scenariosOf('sync-mutex');
    await explorer.load(scenarios[0]!, url, small.href);
    expect(await explorer.all(Infinity)).toMatchObject({ complete: true, interleavings: 102 });
  });

  it('runs the source as it is, with all its bounds', async () => {
    const { scenarios, url } = scenariosOf('async-mutex');
    await explorer.load(scenarios[1]!, url);
    expect((await explorer.seeds(1, SEEDS)).failure).toBeUndefined();
  });

  it('repeats a seed step by step', async () => {
    const { scenarios, url } = scenariosOf('async-mutex');
    await explorer.load(scenarios[1]!, url, small.href);
    const first = await explorer.seeds(7, 3);
    const second = await explorer.seeds(7, 3);
    expect(second.steps).toBe(first.steps);
  });
});
