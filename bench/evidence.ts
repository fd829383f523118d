/** Where results go: results/bench-<time>.json after every suite, docs/evidence/ when asked for. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Machine } from '../load/machine.ts';
import { markdownTable, ratioTable, seriesTable } from './report.ts';
import type { Suite, SuiteResult } from './suite.ts';

/** What is needed to understand a figure, and to ask for it again. */
export interface BenchRun {
  readonly startedAt: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
}

export async function writeResults(
  root: string,
  run: BenchRun,
  results: ReadonlyMap<Suite, SuiteResult>,
): Promise<string> {
  const path = pathOf('bench', run);
  const suites = Object.fromEntries([...results].map(([{ name }, result]) => [name, result]));
  await writeText(join(root, path), json({ ...run, suites }));
  return path;
}

/** What was measured against another build. @returns the path, below `root` */
export async function writeAgainst(
  root: string,
  head: { readonly startedAt: string },
  results: readonly unknown[],
): Promise<string> {
  const path = pathOf('bench-against', head);
  await writeText(join(root, path), json({ ...head, results }));
  return path;
}

function pathOf(kind: string, { startedAt }: { readonly startedAt: string }): string {
  return join('results', `${kind}-${startedAt.replaceAll(':', '-').replace(/\..*$/u, '')}.json`);
}

/** @returns the paths of what was written, below `root` */
export async function writeEvidence(root: string, run: BenchRun, suite: Suite, result: SuiteResult): Promise<string[]> {
  const path = join('docs', 'evidence', `bench-${suite.name}`);
  await writeText(join(root, `${path}.json`), json({ ...run, suite: suite.name, ...result }));
  await writeText(join(root, `${path}.md`), evidencePage(run, suite, result));
  return [`${path}.json`, `${path}.md`];
}

/** One suite as a page. */
export function evidencePage(run: BenchRun, { name, summary }: Suite, result: SuiteResult): string {
  const { cpu, cores, memoryGb, platform, node } = run.machine;
  const facts = {
    command: `\`${run.command}\``,
    date: run.startedAt,
    machine: `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}`,
    rounds: `${run.rounds} of ${run.seconds} s each, order by seed ${run.seed}`,
    ...result.setup,
  };
  return `# Bench: ${name}

${summary}

${Object.entries(facts)
  .map(([fact, value]) => `- ${fact}: ${value}`)
  .join('\n')}

${markdownTable(ratioTable(result.ratios))}

${markdownTable(seriesTable(result.series))}

${[...result.notes, ...result.failures.map((failure) => `VOID. ${failure}`)].join('\n\n')}
`;
}

export async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
