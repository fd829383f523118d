import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOffered, parseCommandLine, UsageError } from '../../fork/command-line.ts';
import { strategies } from '../../src/strategies/index.ts';

const kept = strategies.find(isOffered)!;
let folder: string;
beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'shared-state-fork-')), 'out');
  await mkdir(folder);
});
afterAll(() => rm(dirname(folder), { recursive: true }));

function mistakesOf(...args: string[]): readonly string[] {
  try {
    parseCommandLine(args, strategies);
  } catch (error) {
    if (error instanceof UsageError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('the flags of the fork', () => {
  it('name a strategy, resources in any order, a folder and what the project is called', () => {
    const args = ['--strategy', kept.name, '--resources', 'config, counters', '--out', folder, '--name', '@me/service'];
    expect(parseCommandLine(args, strategies)).toEqual({
      strategy: kept,
      resources: ['counters', 'config'],
      out: folder,
      name: '@me/service',
    });
  });

  it('take all resources and the name of the folder where nothing else is said', () => {
    const out = join(folder, 'my-service');
    const found = parseCommandLine([`--strategy=${kept.name}`, '--out', out], strategies);
    expect(found).toMatchObject({ resources: ['counters', 'cache', 'connections', 'config'], out, name: 'my-service' });
  });

  it('are not looked at where help is wanted', () => {
    expect(parseCommandLine(['--help', '--strategy', 'nonsense'], strategies)).toBeUndefined();
    expect(parseCommandLine(['-h'], strategies)).toBeUndefined();
  });

  it('are refused all at once, each with what is allowed', () => {
    const mistakes = mistakesOf('stray', '--strategy', 'x', '--resources', 'counters,y', '--name', 'A b', '--what');
    expect(mistakes).toHaveLength(6);
    expect(mistakes[0]).toMatch(/^"stray"/);
    expect(mistakes[1]).toMatch(/^--what: unknown; known are --strategy/);
    expect(mistakes[2]).toMatch(/^--strategy: must be one of .*, not "x"/);
    expect(mistakes[3]).toBe('--resources: must list some of counters, cache, connections, config, not "y"');
    expect(mistakes[4]).toMatch(/^--out: must be given/);
    expect(mistakes[5]).toMatch(/^--name: "A b" is no name for a package/);
  });

  it('without a strategy and a folder name both', () => {
    expect(mistakesOf().map((line) => line.split(':')[0])).toEqual(['--strategy', '--out']);
  });

  it.each(strategies.filter((strategy) => !isOffered(strategy)))('refuse $name, and say why', ({ name }) => {
    expect(mistakesOf('--strategy', name, '--out', folder)).toEqual([
      expect.stringMatching(new RegExp(`^--strategy: "${name}" is no template, as it .*; take one of `)),
    ]);
  });

  it('refuse an empty list of resources', () => {
    expect(mistakesOf('--strategy', kept.name, '--out', folder, '--resources', ',')).toHaveLength(1);
    expect(mistakesOf('--strategy', kept.name, '--out', folder, '--resources=')).toEqual([
      '--resources: needs a value',
    ]);
    expect(mistakesOf('--strategy', kept.name, '--out', folder, '--name')).toEqual(['--name: needs a value']);
  });

  it('refuse a folder that is not empty, and a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect(mistakesOf('--strategy', kept.name, '--out', folder, '--name', 'x')).toEqual([
      `--out: ${folder} is not empty; take another folder, or empty it`,
    ]);
    expect(mistakesOf('--strategy', kept.name, '--out', file)).toEqual([`--out: ${file} is a file, not a folder`]);
    await rm(file);
  });

  it('say where a wrong name comes from', () => {
    expect(mistakesOf('--strategy', kept.name, '--out', join(folder, 'My Service'))).toEqual([
      expect.stringMatching(
        /^--name: "My Service" is no name for a package: .*; it comes from --out, so give another$/,
      ),
    ]);
  });
});
