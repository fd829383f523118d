import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matchRows } from '../../bench/against/judge.ts';
import { measureSides } from '../../bench/against/sides.ts';
import { bench, EXIT } from '../../bench/bench.ts';
import type { Suite } from '../../bench/suite.ts';

/** A checkout whose bench says `perSecond`, a little more with each seed, and what it was called with. */
async function checkoutOf(parent: string, name: string, perSecond: number): Promise<string> {
  const directory = join(parent, name);
  await mkdir(join(directory, 'node_modules'), { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify({ scripts: { bench: 'node bench.mjs' } }));
  await writeFile(
    join(directory, 'bench.mjs'),
    `import { mkdirSync, writeFileSync } from 'node:fs';
    const flag = (name) => process.argv[process.argv.indexOf('--' + name) + 1];
    const noise = 1 + (Number(flag('seed')) % 7) / 1000;
    const series = [
      { subject: 'one', load: 'all', unit: 'M/s', values: [${perSecond} * noise] },
      { subject: 'one', load: 'all', unit: 'server CPU µs/request', values: [100 / ${perSecond}] },
      { subject: 'one', load: 'all', unit: 'generator cores', values: [1] },
      { subject: '${name}', load: 'all', unit: 'M/s', values: [1] },
    ];
    mkdirSync('results', { recursive: true });
    writeFileSync('results/bench-1.json', JSON.stringify({ suites: { [flag('only')]: { series, failures: [] } } }));
    console.log('round 1 of 1\\nResults: results/bench-1.json\\nAgain: never');`,
  );
  return directory;
}

const suite: Suite = {
  name: 'a',
  summary: 'never run here: each checkout runs its own',
  run: () => Promise.reject(new Error('run in this process')),
};

async function run(before: number, args: readonly string[]) {
  await using parent = await mkdtempDisposable(join(tmpdir(), 'bench-against-'));
  const root = await checkoutOf(parent.path, 'own', 100);
  const other = await checkoutOf(parent.path, 'other', before);
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const code = await bench(['--only', 'a', '--against', other, '--seed', '1', ...args], {
    root,
    suites: [suite],
    signal: new AbortController().signal,
    print,
    printError: print,
    renderer: 'silent',
  });
  return { code, text: lines.join('\n'), kept: await readdir(join(root, 'results')).catch(() => []) };
}

describe('npm run bench -- --against', () => {
  it('ends with 3 when something is slower by more than the tolerance, and keeps one file of results', async () => {
    const { code, text, kept } = await run(130, ['--rounds', '6']);
    expect(code).toBe(EXIT.slower);
    expect(text).toMatch(/all · one, M\/s.*0\.77.*slower/u);
    expect(text).toContain('2 slower and 0 faster by more than 5.0 %, of 2.');
    expect(kept).toHaveLength(1);
  });

  it('ends with 0 within the tolerance, and when faster', async () => {
    expect(await run(103, ['--rounds', '6'])).toMatchObject({ code: EXIT.done });
    const { code, text } = await run(50, ['--rounds', '6', '--aa']);
    expect(code).toBe(EXIT.done);
    expect(text).toContain('faster');
    expect(text).toContain('Against itself 0 of 3 rows are called apart.');
  });

  it('claims nothing from a single round', async () => {
    const { code, text } = await run(1_000, ['--rounds', '1']);
    expect(code).toBe(EXIT.done);
    expect(text).toContain('not resolved');
  });

  it('names what only one of them measures', async () => {
    const { text } = await run(100, ['--rounds', '2']);
    expect(text).toContain('Not compared: all · own, M/s: only after');
    expect(text).toContain('Not compared: all · other, M/s: only before');
  });

  it.each([
    [['--against', 'no-such-ref-or-directory'], 'must be a git ref, or the directory of another checkout'],
    [['--tolerance', '5'], '--tolerance goes with --against'],
    [['--aa'], '--aa goes with --against'],
    [['--against', '.', '--tolerance', '-1'], '--tolerance'],
    [['--against', '.', '--tolerance', '51'], 'from 0 to 50'],
    [['--against', '.', '--evidence'], '--against and --evidence cannot be combined'],
  ])('refuses %j', async (args, message) => {
    await using parent = await mkdtempDisposable(join(tmpdir(), 'bench-against-'));
    const lines: string[] = [];
    const print = (text: string): void => void lines.push(text);
    const { signal } = new AbortController();
    const surroundings = { root: parent.path, suites: [suite], signal, print, printError: print };
    expect(await bench(args, { ...surroundings, renderer: 'silent' })).toBe(EXIT.usage);
    expect(lines.join('\n')).toContain(message);
  });
});

describe('measureSides', () => {
  it('says which bench failed, and why', async () => {
    await using parent = await mkdtempDisposable(join(tmpdir(), 'bench-against-'));
    await writeFile(
      join(parent.path, 'package.json'),
      JSON.stringify({ scripts: { bench: 'echo it broke >&2; exit 1' } }),
    );
    const checkout = { directory: parent.path, node: process.execPath };
    const { signal } = new AbortController();
    const measuring = measureSides({
      suite: 'a',
      checkouts: { after: checkout },
      rounds: 1,
      seconds: 1,
      seed: 1,
      signal,
      progress: () => {},
    });
    await expect(measuring).rejects.toThrow(/it broke/u);
  });
});

function costing(values: number[]) {
  return { series: [{ load: 'l', subject: 's', unit: 'server CPU µs/request', values }], failures: [] };
}

describe('matchRows', () => {
  it('turns costs round, so that above 1 is always better', () => {
    const { rows } = matchRows(costing([10, 20]), costing([20, 20]));
    expect(rows).toEqual([{ name: 'l · s, server CPU µs/request', after: [0.1, 0.05], before: [0.05, 0.05] }]);
  });
});
