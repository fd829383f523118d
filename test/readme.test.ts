import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { anyStrategy, isServed } from './support/served.ts';
import { committedResults, filledReadme } from '../docs/readme.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('shows the examples that the tests run, and the figures that were committed', async () => {
  expect(filledReadme(readme, await committedResults())).toBe(readme);
});

it('links only to files that are there', () => {
  const links = [...readme.matchAll(/\]\(([^)#h][^)#]*)\)/g)].map(([, path]) => path!);
  const kept = links.filter((path) => isServed(/^src\/strategies\/([^/]+)\/./.exec(path)?.[1] ?? anyStrategy.name));
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
});

it('names no place of the machine that its figures are from', async () => {
  expect(JSON.stringify(await committedResults())).not.toMatch(/"\/(home|root|work|tmp|Users)\//);
});
