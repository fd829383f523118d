import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench, EXIT } from '../../bench/bench.ts';
import type { Suite, SuiteResult } from '../../bench/suite.ts';

const result: SuiteResult = {
  setup: { generator: 'none' },
  series: [{ subject: 'one', load: 'nothing', unit: 'per s', values: [10, 20, 30] }],
  ratios: [{ name: 'one / other', values: [0.5, 1, 2], goal: 0.9 }],
  notes: ['a note'],
  failures: [],
};

function fakeSuite(name: string, outcome: Partial<SuiteResult> = {}): Suite {
  return { name, summary: `the suite ${name}`, run: async () => ({ ...result, ...outcome }) };
}

/** Runs the bench in a directory of its own. */
async function run(args: readonly string[], suites: readonly Suite[]) {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'bench-'));
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const { signal } = new AbortController();
  const code = await bench(args, {
    root: directory.path,
    suites,
    signal,
    print,
    printError: print,
    renderer: 'silent',
  });
  const text = lines.join('\n');
  const read = async (path: string) => await readFile(join(directory.path, path), 'utf8').catch(() => undefined);
  const resultsPath = /results\/bench-\S+\.json/.exec(text)?.[0];
  const results = resultsPath === undefined ? undefined : await read(resultsPath);
  return {
    code,
    text,
    results,
    page: await read('docs/evidence/bench-a.md'),
    data: await read('docs/evidence/bench-a.json'),
  };
}

describe('npm run bench', () => {
  it('runs every suite, prints medians with their range, and writes results', async () => {
    const { code, text, results, page } = await run(['--rounds', '3', '--seed', '7'], [fakeSuite('a'), fakeSuite('b')]);
    expect(code).toBe(EXIT.done);
    expect(text).toContain('1.00 (0.50–2.00)');
    expect(text).toContain('--seed 7');
    expect(Object.keys((JSON.parse(results!) as { suites: object }).suites)).toEqual(['a', 'b']);
    expect(page).toBeUndefined();
  });

  it('runs one suite alone, and writes its evidence with command and machine', async () => {
    const { code, page, data } = await run(['--only', 'a', '--evidence'], [fakeSuite('a'), fakeSuite('b')]);
    expect(code).toBe(EXIT.done);
    expect(page).toContain('npm run bench -- --only a');
    expect(page).toContain(`Node ${process.versions.node}`);
    expect(page).toContain('| one / other | 1.00 (0.50–2.00) | ≥ 0.9 | met |');
    expect(JSON.parse(data!)).toMatchObject({ suite: 'a', setup: { generator: 'none' } });
  });

  it('fails when a suite calls its own figures void', async () => {
    const { code, text } = await run([], [fakeSuite('a', { failures: ['one is missing'] })]);
    expect(code).toBe(EXIT.failed);
    expect(text).toContain('VOID. one is missing');
  });

  it('passes over a suite that cannot be measured here, and keeps its evidence as it is', async () => {
    const suites = [fakeSuite('a', { skipped: 'there is no server' }), fakeSuite('b')];
    const { code, text, results, page } = await run(['--evidence'], suites);
    expect(code).toBe(EXIT.done);
    expect(text).toContain('a: there is no server');
    expect(Object.keys((JSON.parse(results!) as { suites: object }).suites)).toEqual(['b']);
    expect(page).toBeUndefined();
  });

  it('does not fail on a goal that is missed, but says so', async () => {
    const { code, text } = await run([], [fakeSuite('a', { ratios: [{ name: 'x', values: [0.1], goal: 0.9 }] })]);
    expect(code).toBe(EXIT.done);
    expect(text).toContain('missed');
  });

  it.for([
    { args: ['--onyl', 'a'], says: '--only' },
    { args: ['--only', 'c'], says: 'must be one of a' },
    { args: ['--rounds', '0'], says: '--rounds "0": must be a whole number from 1' },
    { args: ['--seconds', 'x'], says: '--seconds "x"' },
    { args: ['a'], says: 'Known flags' },
  ])('refuses $args with what is allowed', async ({ args, says }) => {
    const { code, text } = await run(args, [fakeSuite('a')]);
    expect(code).toBe(EXIT.usage);
    expect(text).toContain(says);
  });

  it('explains itself', async () => {
    const { code, text } = await run(['--help'], [fakeSuite('a')]);
    expect(code).toBe(EXIT.done);
    expect(text).toContain('the suite a');
  });
});
