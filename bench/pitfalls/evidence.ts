/** Where a run of the lab goes: results/pitfalls/<time>/ always, docs/ when asked for. */
import { glob, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { filledMistakes } from '../../docs/mistakes.ts';
import type { Pitfall } from '../../src/pitfalls/pitfall.ts';
import { json, writeText } from '../evidence.ts';
import { markdownTable } from '../report.ts';
import { figureText, ratioText, type LabRun } from './findings.ts';
import { pitfallsPage } from './page.ts';

/** @returns the paths of what was written, below `root` */
export async function writeResults(root: string, run: LabRun, pitfalls: readonly Pitfall[]): Promise<string[]> {
  const time = run.startedAt.replaceAll(':', '-').replace(/\..*$/u, '');
  const directory = join('results', 'pitfalls', time);
  return writeAll(root, {
    [join(directory, 'pitfalls.json')]: json(run),
    [join(directory, 'pitfalls.html')]: pitfallsPage(run, pitfalls, await lastReport(root)),
  });
}

/** @returns the paths of what was written, below `root` */
export async function writeEvidence(root: string, run: LabRun, pitfalls: readonly Pitfall[]): Promise<string[]> {
  const mistakes = join('docs', 'mistakes.md');
  return writeAll(root, {
    [join('docs', 'evidence', 'pitfalls.json')]: json(run),
    [join('docs', 'evidence', 'pitfalls.md')]: evidencePage(run, pitfalls),
    [mistakes]: filledMistakes(await readFile(join(root, mistakes), 'utf8'), run),
  });
}

/** A run as a page of text. */
export function evidencePage(run: LabRun, pitfalls: readonly Pitfall[]): string {
  const { cpu, cores, memoryGb, platform, node } = run.machine;
  const rows = run.pitfalls.flatMap(({ pitfall, findings }) =>
    findings.map((finding, index) => [
      index === 0 ? pitfall : '',
      finding.name,
      figureText(finding, 'broken'),
      figureText(finding, 'fixed'),
      ratioText(finding),
    ]),
  );
  const settings = run.pitfalls.map(({ pitfall }) => pitfalls.find(({ name }) => name === pitfall)!);
  return `# The pitfall lab

- command: \`${run.command}\`
- date: ${run.startedAt}
- machine: ${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}
- load average before: ${run.loadAverage.toFixed(1)}
- rounds: ${run.rounds}; figures are medians, ratios are medians of the ratios within a round

${markdownTable([['pitfall', 'measured', 'broken', 'fixed', 'ratio'], ...rows])}

${settings.map(({ name, setting }) => `- ${name}: ${setting}`).join('\n')}
`;
}

/** The newest comparison's report, as the page beside it in results/ links to it; undefined while there is none. */
async function lastReport(root: string): Promise<string | undefined> {
  const reports = await Array.fromAsync(glob('*/report.html', { cwd: join(root, 'results') }));
  const last = reports.toSorted().at(-1);
  return last === undefined ? undefined : `../../${last.replaceAll(sep, '/')}`;
}

async function writeAll(root: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) await writeText(join(root, path), text);
  return Object.keys(files);
}
