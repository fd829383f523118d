import { cp, mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, pitfallLab, type Surroundings } from '../../bench/pitfalls/lab.ts';
import { pitfalls } from '../../src/pitfalls/index.ts';
import type { Pitfall } from '../../src/pitfalls/pitfall.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pitfalls-'));
});
afterAll(() => rm(root, { recursive: true }));

/** The real pitfalls with figures that are known beforehand, in place of runs. */
const measured = (figure: (version: 'broken' | 'fixed', key: string) => number): Pitfall[] =>
  pitfalls.map((pitfall) =>
    Object.assign({}, pitfall, {
      measure: async (version: 'broken' | 'fixed') =>
        Object.fromEntries(Object.keys(pitfall.measures).map((key) => [key, figure(version, key)])),
    }),
  );
const worse = (version: string, key: string): number => {
  const isRate = key === 'rate' || key === 'changes';
  return (version === 'broken') === isRate ? 10 : 40;
};

async function run(args: string, surroundings: Partial<Surroundings> = {}) {
  const lines: string[] = [];
  const errors: string[] = [];
  const directory = await mkdtemp(join(root, 'run-'));
  const exitCode = await pitfallLab(args.split(' ').filter(Boolean), {
    root: directory,
    pitfalls: measured(worse),
    signal: new AbortController().signal,
    print: (text) => void lines.push(stripVTControlCharacters(text)),
    printError: (text) => void errors.push(text),
    renderer: 'silent',
    ...surroundings,
  });
  return { exitCode, output: lines.join('\n'), errors: errors.join('\n'), directory };
}

async function resultsIn(directory: string): Promise<{ json: any; page: string }> {
  const results = join(directory, 'results', 'pitfalls');
  const [time] = await readdir(results);
  const text = (file: string): Promise<string> => readFile(join(results, time!, file), 'utf8');
  return { json: JSON.parse(await text('pitfalls.json')), page: await text('pitfalls.html') };
}

describe('the pitfall lab', () => {
  it('shows symptom, broken, fixed and ratio of each, and writes them down', async () => {
    const { exitCode, output, directory } = await run('--rounds 3');
    expect(exitCode).toBe(EXIT.done);
    for (const { name } of pitfalls) expect(output).toContain(`${name}: `);
    expect(output).toMatch(/updates lost +│ +40 │ +10 │ +4\.0 ×/);
    expect(output).toMatch(/requests +│ +10\/s │ +40\/s │ +4\.0 ×/);
    const { json, page } = await resultsIn(directory);
    expect(json).toMatchObject({ status: 'complete', rounds: 3, command: 'npm run pitfalls -- --rounds 3' });
    expect(json.pitfalls).toHaveLength(pitfalls.length);
    expect(json.pitfalls[0].findings[0]).toMatchObject({ broken: [40, 40, 40], fixed: [10, 10, 10], better: 'lower' });
    for (const { title } of pitfalls) expect(page).toContain(`<h2>${title}</h2>`);
  });

  it('links its page to the newest report of a comparison, where there is one', async () => {
    const directory = await mkdtemp(join(root, 'report-'));
    for (const time of ['2026-01-02T00-00-00', '2026-01-01T00-00-00']) {
      await mkdir(join(directory, 'results', time), { recursive: true });
      await writeFile(join(directory, 'results', time, 'report.html'), '');
    }
    await run('--rounds 1', { root: directory });
    expect((await resultsIn(directory)).page).toContain('href="../../2026-01-02T00-00-00/report.html"');
    const alone = await run('--rounds 1');
    expect((await resultsIn(alone.directory)).page).not.toContain('report.html');
  });

  it('explains the one that is named', async () => {
    const { exitCode, output } = await run('check-then-act --rounds 1');
    const { title, symptom, embodied } = pitfalls.find(({ name }) => name === 'check-then-act')!;
    expect(exitCode).toBe(EXIT.done);
    const oneLine = output.replaceAll(/\s+/g, ' ');
    for (const part of [title, `Symptom ${symptom}`, '- this.#free = free - 1;', '+ this.#free -= 1;', embodied.path]) {
      expect(oneLine).toContain(part);
    }
  });

  it('says so and fails where a broken version is no worse', async () => {
    const { exitCode, output } = await run('an-extra-sender', { pitfalls: measured(() => 5) });
    expect(exitCode).toBe(EXIT.failed);
    expect(output).toContain('NOT SHOWN. In this run the broken version was no worse: an-extra-sender.');
  });

  it('calls "gone" what the fix leaves nothing of, whatever the number of rounds', async () => {
    const gone = measured((version) => (version === 'broken' ? 3 : 0));
    for (const rounds of [1, 2, 3]) {
      const { exitCode, output } = await run(`check-then-act --rounds ${rounds}`, { pitfalls: gone });
      expect(exitCode).toBe(EXIT.done);
      expect(output).toMatch(/updates lost +│ +3 │ +0 │ +gone/);
    }
  });

  it('writes the evidence and the figures of the page when asked to', async () => {
    const directory = await mkdtemp(join(root, 'evidence-'));
    await mkdir(join(directory, 'docs'));
    await cp(join(project, 'docs/mistakes.md'), join(directory, 'docs/mistakes.md'));
    const { exitCode } = await run('--evidence --rounds 1', { root: directory });
    expect(exitCode).toBe(EXIT.done);
    expect(await readdir(join(directory, 'docs/evidence'))).toEqual(['pitfalls.json', 'pitfalls.md']);
    const mistakes = await readFile(join(directory, 'docs/mistakes.md'), 'utf8');
    expect(mistakes).toContain('| updates lost | 40 | 10 | 4.0 × |');
    expect(mistakes).toContain('`npm run pitfalls -- --evidence --rounds 1`');
  });

  it('keeps what it has when it is interrupted', async () => {
    const controller = new AbortController();
    const some = measured(worse);
    const third = Object.assign({}, some[2], {
      measure: async () => {
        controller.abort();
        return {};
      },
    });
    const interrupted = some.with(2, third);
    const { exitCode, output, directory } = await run('', { pitfalls: interrupted, signal: controller.signal });
    expect(exitCode).toBe(EXIT.interrupted);
    expect(output).toContain(`Interrupted after 2 of ${pitfalls.length} pitfalls.`);
    expect((await resultsIn(directory)).json).toMatchObject({ status: 'interrupted' });
  });
});

describe('the command line', () => {
  it.for([
    ['no-such-thing', /there is no pitfall "no-such-thing"; there are\n {2}check-then-act\n[\s\S]*an-extra-sender/],
    ['check-then-act nor-this', /there is no pitfall "nor-this"/],
    ['--rounds 0', /--rounds "0": must be a whole number from 1 to 100/],
    ['--rounds many', /--rounds "many": must be a whole number/],
    ['--fast', /Unknown option '--fast'[\s\S]*Known flags: --rounds, --evidence, --help/],
    ['check-then-act --evidence', /--evidence is of all pitfalls together/],
  ] as const)('refuses %s, and says what is allowed', async ([args, message]) => {
    const { exitCode, errors, directory } = await run(args);
    expect(exitCode).toBe(EXIT.usage);
    expect(errors).toMatch(message);
    expect(await readdir(directory)).toEqual([]);
  });

  it('lists the pitfalls in its help', async () => {
    const { exitCode, output } = await run('--help');
    expect(exitCode).toBe(EXIT.done);
    for (const { name, title } of pitfalls) expect(output).toMatch(new RegExp(`${name} +${title}`));
  });
});
