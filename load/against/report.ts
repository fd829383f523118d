/** What a comparison says of this build against another: per workload and strategy, this one's figures over the other's. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { factsOf } from '../report/facts.ts';
import { markdownTable } from '../report/markdown.ts';
import type { Results } from '../results-file.ts';
import { metrics, type Metric } from '../statistics/metrics.ts';
import type { Row } from '../statistics/rows.ts';
import { nameBefore } from '../trial.ts';
import {
  againstRatioText,
  judgeAgainst,
  methodNotes,
  outcomeText,
  tallyText,
  type AgainstRow,
  type PairedSeries,
} from './verdict.ts';

export interface AgainstAnalysis {
  readonly rows: readonly AgainstRow[];
  /** What could not be compared, and why. */
  readonly missing: readonly string[];
}

/** Judges all figures of all workloads as one family. @throws {Error} the results are of a single build */
export function againstOf(rows: readonly Row[], { against }: Results): AgainstAnalysis {
  if (against === undefined) throw new Error('these results are of one build');
  const pairs = rows.flatMap((row) => {
    const before = rows.find(
      ({ workload, strategy }) => workload === row.workload && strategy === nameBefore(row.strategy),
    );
    return before === undefined ? [] : [{ row, before }];
  });
  const series = pairs.flatMap(({ row, before }) =>
    (Object.keys(metrics) as Metric[]).map((metric) => seriesOf(metric, row, before)),
  );
  const missing = pairs.flatMap(({ row, before }) => missingOf(row, before));
  return { rows: judgeAgainst(series, against.tolerance), missing };
}

function seriesOf(metric: Metric, row: Row, before: Row): PairedSeries {
  const speeds = ({ perRound }: Row) =>
    perRound[metric].map((value) => (value === undefined || metrics[metric].more === 'better' ? value : 1 / value));
  return {
    name: `${row.workload}, ${row.strategy}: ${metrics[metric].name}`,
    after: speeds(row),
    before: speeds(before),
  };
}

function missingOf(row: Row, before: Row): string[] {
  return [row, before].flatMap(({ workload, strategy, errors, broken, proof }) => {
    const name = `${workload}, ${strategy}`;
    const failed = [...new Set(errors)].map((error) => `${name}: ${error.split('\n')[0]}`);
    return broken > 0 ? [...failed, `${name}: the proof failed: ${proof}`] : failed;
  });
}

/** The table and what to make of it; above 1 this build is faster, or cheaper. */
export function againstText({ rows, missing }: AgainstAnalysis, { against, rounds }: Results) {
  const { before, tolerance } = against!;
  return {
    head: [`this build / ${before}`, 'ratio of speeds', ''],
    rows: rows.map((row) => [row.name, againstRatioText(row), outcomeText(row)]),
    notes: [
      ...methodNotes('Above 1 this build is faster, or takes less CPU.', rows, rounds),
      ...missing.map((text) => `Not compared: ${text}`),
      tallyText(rows, tolerance),
    ],
  };
}

/** Writes results.md beside results.json. @returns its path */
export async function writeAgainstReport(
  directory: string,
  results: Results,
  analysis: AgainstAnalysis,
): Promise<string> {
  const { head, rows, notes } = againstText(analysis, results);
  const facts = factsOf(results).map(([name, text]) => `- ${name}: ${text}`);
  const path = join(directory, 'results.md');
  const text = ['# This build against another', markdownTable({ head, rows }), ...notes, facts.join('\n')].join('\n\n');
  await writeFile(path, `${text}\n`);
  return path;
}
