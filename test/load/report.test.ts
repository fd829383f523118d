import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../load/errors.ts';
import { writeReport } from '../../load/report/write.ts';
import { commandFor, readResults, writeResults, type Results } from '../../load/results-file.ts';
import { rounded } from '../../load/rounded.ts';
import { analysisOf } from '../../load/statistics/analysis.ts';
import { sampleCapacities, sampleResults } from '../support/sample-results.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function reportOf(results: Results): Promise<{ page: string; markdown: string; plots: string[] }> {
  await writeReport(directory, results, analysisOf(results));
  return {
    page: await readFile(join(directory, 'report.html'), 'utf8'),
    markdown: await readFile(join(directory, 'results.md'), 'utf8'),
    plots: await readdir(join(directory, 'plots')),
  };
}

describe('the report', () => {
  it('needs no network, and tells the answer before anything else', async () => {
    const { page } = await reportOf(sampleResults(6, { capacities: await sampleCapacities() }));
    expect(page).not.toMatch(/<script|<link|@import|url\(\s*['"]?http|src="/);
    expect(page.match(/https?:\/\/[^"\s)<]+/g)?.filter((url) => url !== 'http://www.w3.org/2000/svg') ?? []).toEqual(
      [],
    );
    const order = [
      'The answer',
      'p99 against utilisation',
      'The verdict',
      'p99 against the offered rate',
      'How much, how fast',
      'What waits',
      'How it was measured',
    ];
    const places = order.map((title) => page.indexOf(`<h2>${title}`));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(page).toContain('--seed 5');
  });

  it('shows the adjusted interval of every pair, and what it allows to say', async () => {
    const { page, markdown } = await reportOf(sampleResults(6));
    expect(page).toContain('<h2>Every pair</h2>');
    expect(markdown).toMatch(/\| sync-lock \/ async-lock \|.* apart: 39 \[\d+–\d+\]/);
    expect(markdown).toMatch(/\| sync-lock \/ sharded \|.* at most \d+ % apart: 1\.0\d \[0\.\d\d–1\.\d\d\]/);
    expect(markdown).toContain('it says nothing about scaling');
  });

  it('links to the newest page of mistakes, where there is one', async () => {
    const results = await mkdtemp(join(directory, 'results-'));
    const own = join(results, '2026-01-03T00-00-00');
    const write = async (): Promise<string> => {
      await writeReport(own, sampleResults(1), analysisOf(sampleResults(1)));
      return readFile(join(own, 'report.html'), 'utf8');
    };
    expect(await write()).not.toContain('pitfalls.html');
    for (const time of ['2026-01-01T00-00-00', '2026-01-02T00-00-00']) {
      await mkdir(join(results, 'pitfalls', time), { recursive: true });
      await writeFile(join(results, 'pitfalls', time, 'pitfalls.html'), '');
    }
    expect(await write()).toContain('href="../pitfalls/2026-01-02T00-00-00/pitfalls.html"');
  });

  it('has every plot as a file too, with ids of its own', async () => {
    const { page, plots, markdown } = await reportOf(sampleResults(6, { capacities: await sampleCapacities() }));
    const kinds =
      'bystander capacity over-time p99 p99-over-rate p99-over-utilisation percentiles rounds throughput waits'.split(
        ' ',
      );
    expect(new Set(plots)).toEqual(new Set(kinds.map((kind) => `counters-write-through-${kind}.svg`)));
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const plot of plots) {
      const svg = await readFile(join(directory, 'plots', plot), 'utf8');
      expect(svg).toMatch(/^<svg [^>]*viewBox/);
      // A browser that shows a file is stricter than one that shows a page: every tag must be well-formed.
      const tags = svg.replace(/<style>[^<]*<\/style>/, '').match(/<[^>]*>/g)!;
      expect(tags.filter((tag) => !/^<\/?[\w:]+(?: [\w:-]+="[^"<]*")* ?\/?>$/.test(tag))).toEqual([]);
      expect(markdown).toContain(`(plots/${plot})`);
    }
  });

  it('draws nothing that was not measured', async () => {
    const { plots, page } = await reportOf(sampleResults(1));
    expect(plots.filter((name) => /capacity|rounds|p99-over-rate/.test(name))).toEqual([]);
    expect(page).not.toContain('p99 against the offered rate');
    expect(page).toContain('One round has no intervals');
  });

  it('shows no figure of a strategy that failed its proof, and says so at the top', async () => {
    const results = sampleResults(6);
    const cells = results.cells.map((cell) =>
      cell.strategy === 'actor'
        ? {
            ...cell,
            measured: {
              ...cell.measured!,
              proof: { ...cell.measured!.proof, holds: false, broken: 3, statement: '3 lost' },
            },
          }
        : cell,
    );
    const { page, markdown } = await reportOf({ ...results, cells });
    expect(page).toContain(
      '<p class="alarm"><strong>FAILED.</strong> counters-write-through, actor: the proof failed: 3 lost',
    );
    expect(markdown).toMatch(/\| actor \| – \|/);
  });

  it('of a stopped comparison says so', async () => {
    const { page } = await reportOf(sampleResults(2, { status: 'interrupted' }));
    expect(page).toContain('Stopped before its end');
  });

  it('escapes what comes from outside', async () => {
    const { page } = await reportOf(sampleResults(1, { command: 'npm run compare -- --k6 "<b>"' }));
    expect(page).toContain('--k6 &quot;&lt;b&gt;&quot;');
  });
});

describe('results.json', () => {
  it('gives the same report after it was written and read, and is small', async () => {
    const { format: _format, ...results } = sampleResults(6, { capacities: await sampleCapacities() });
    await writeResults(directory, results);
    const read = await readResults(directory);
    expect(read).toEqual(rounded({ format: 2, ...results }));
    const text = await readFile(join(directory, 'results.json'), 'utf8');
    expect(text.length / read.cells.length).toBeLessThan(6_000); // 2 MB are enough for the standard profile
  });

  it('is refused where there is none', async () => {
    await expect(readResults(join(directory, 'nowhere'))).rejects.toThrow(UsageError);
  });

  it('keeps counts and versions, and shortens fractions', () => {
    expect(rounded({ a: 123_456, b: [1.234567, 'x', undefined], c: Number.NaN })).toEqual({
      a: 123_456,
      b: [1.235, 'x', undefined],
      c: Number.NaN,
    });
  });

  it('repeats its command with the seed, without opening anything', () => {
    expect(commandFor(['--open', '--rounds', '3'], 7)).toBe('npm run compare -- --rounds 3 --seed 7');
    expect(commandFor(['--seed=9'], 7)).toBe('npm run compare -- --seed=9');
  });
});
