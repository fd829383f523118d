/** results/<time>/results.json: written anew after every run, so that whatever ends the comparison, what was measured is there. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { K6 } from './k6/resolve.ts';
import type { Machine } from './machine.ts';
import type { CellResult } from './measure-cell.ts';
import type { Plan } from './plan.ts';
import type { Row } from './statistics.ts';
import type { Verdict } from './verdict.ts';

export interface Results {
  readonly status: 'running' | 'complete' | 'interrupted';
  readonly startedAt: string;
  /** As typed, but with the seed that was drawn. */
  readonly command: string;
  readonly machine: Machine;
  readonly k6: K6;
  readonly seed: number;
  readonly plannedRuns: number;
  readonly rows: readonly Row[];
  readonly verdict: Verdict;
  /** Raw figures, in the order in which the cells were run. */
  readonly cells: readonly CellResult[];
}

export interface ResultsDirectory {
  readonly path: string;
  /** k6's own summaries. */
  readonly rawPath: string;
}

/** Makes results/<time>/ below `parent`. */
export async function createResultsDirectory(parent: string, startedAt: Date): Promise<ResultsDirectory> {
  const path = join(parent, startedAt.toISOString().replaceAll(':', '-').replace(/\..*$/u, ''));
  const rawPath = join(path, 'k6');
  await mkdir(rawPath, { recursive: true });
  return { path, rawPath };
}

/** Replaces results.json as a whole, so that no reader and no power cut sees half of it. */
export async function writeResults(directory: ResultsDirectory, results: Results): Promise<string> {
  const path = join(directory.path, 'results.json');
  const draft = `${path}.draft`;
  await writeFile(draft, `${JSON.stringify(results, null, 2)}\n`);
  await rename(draft, path);
  return path;
}

/** The command that repeats a comparison: that of `args`, with its seed. */
export function commandFor(args: readonly string[], plan: Plan): string {
  const seed = args.some((arg) => arg === '--seed' || arg.startsWith('--seed=')) ? [] : ['--seed', String(plan.seed)];
  return ['npm run compare --', ...args, ...seed].join(' ');
}
