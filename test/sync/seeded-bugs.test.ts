import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PatchedSource, SMALL_BOUNDS } from '../support/patched-source.ts';
import { Explorer } from '../support/steps/explorer.ts';
import { scenariosOf } from './scenarios/index.ts';
import { seededBugs } from './scenarios/seeded-bugs.ts';

const MAX_RUNS = 4_000;
const SEEDS = 20_000;

describe('the step scheduler finds', () => {
  let explorer: Explorer;
  beforeAll(async () => void (explorer = await Explorer.start()));
  afterAll(() => explorer[Symbol.asyncDispose]());

  it.each(seededBugs)('$name', { timeout: 60_000 }, async ({ scenarios: module, scenario: name, patches }) => {
    const { scenarios, url } = scenariosOf(module);
    const scenario = scenarios.find((candidate) => candidate.name === name)!;
    using source = new PatchedSource([...SMALL_BOUNDS, ...patches]);
    await explorer.load(scenario, url, source.href);

    const enumerated = await explorer.all(MAX_RUNS);
    const { failure } = enumerated.failure === undefined ? await explorer.seeds(1, SEEDS) : enumerated;

    expect(failure).toBeDefined();
  });

  it('nothing where a patch no longer fits, and says so', () => {
    const patch = { file: 'sync/sync-mutex.ts', from: 'no such text', to: '' };
    expect(() => new PatchedSource([patch])).toThrow('has 0 places');
  });
});
