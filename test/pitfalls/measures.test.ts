/** Each pitfall as the lab runs it. What is a count is exact; what is a time is only there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pitfalls } from '../../src/pitfalls/index.ts';
import type { Version } from '../../src/pitfalls/pitfall.ts';
import { isServed } from '../support/served.ts';

const folder = new URL('../../src/pitfalls/', import.meta.url);
const versions: readonly Version[] = ['broken', 'fixed'];

/** Figures that do not depend on the machine. */
const exact: Readonly<Record<string, Readonly<Record<Version, object>>>> = {
  'check-then-act': { broken: { lost: 149, oversold: 50 }, fixed: { lost: 0, oversold: 0 } },
  'guard-across-await': { broken: { deadlocks: 540 }, fixed: { deadlocks: 0 } },
  'sharing-instead-of-a-message': { broken: { lost: 50 }, fixed: { lost: 0 } },
  'an-extra-sender': { broken: { gaveUp: 1 }, fixed: { gaveUp: 0 } },
};

it('has every folder in the registry, once', () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(pitfalls.map(({ name }) => name).toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});

describe.for(pitfalls)('$name', (pitfall) => {
  const { name, measures, embodied } = pitfall;

  it('has two versions of at most 60 lines, with the same exports', async () => {
    for (const version of versions) {
      const source = readFileSync(new URL(`${name}/${version}.ts`, folder), 'utf8');
      expect(source.split('\n').length).toBeLessThanOrEqual(61);
      expect(source).toMatch(new RegExp(`^/\\*\\* ${version}: `, 'iu'));
    }
    const [broken, fixed] = await Promise.all(
      versions.map(async (version) => Object.keys(await import(new URL(`${name}/${version}.ts`, folder).href))),
    );
    expect(fixed).toEqual(broken);
  });

  it('names a file where the fix is at work', () => {
    const strategy = /^src\/strategies\/([^/]+)\//.exec(embodied.path)?.[1];
    expect(strategy ?? embodied.name).toBe(embodied.name);
    const isThere = existsSync(new URL(`../../${embodied.path}`, folder));
    expect(isThere).toBe(strategy === undefined || isServed(strategy));
  });

  it.for(versions)('measures the %s version', async (version) => {
    const figures = await pitfall.measure(version);
    expect(Object.keys(figures)).toEqual(Object.keys(measures));
    for (const value of Object.values(figures)) expect(value).toBeGreaterThanOrEqual(0);
    expect(figures).toMatchObject(exact[name]?.[version] ?? {});
  });
});
