/** The tables in the terminal, and what may be concluded from them. Pure: results in, text out. */
import Table from 'cli-table3';
import { msText, NO_FIGURE, percent, ratioText, wholeText } from '../format.ts';
import { limitsOf } from '../limits.ts';
import type { Results } from '../results-file.ts';
import type { Analysis } from '../statistics/analysis.ts';
import { ratioBetween, type Comparison } from '../statistics/comparisons.ts';
import type { Row } from '../statistics/rows.ts';
import { conclusionsOf } from './conclusions.ts';

/** Throughputs are given as multiples of the first of these that was measured: the pattern one should not use. */
const REFERENCES = ['async-lock', 'single-thread'];

/** One table per workload, with its heading. */
export function tablesOf({ rows, comparisons }: Analysis, results: Results): string {
  return results.workloads
    .map(({ name, summary, keys }) => {
      const own = rows.filter((row) => row.workload === name);
      const cell = results.cells.find(({ workload }) => workload === name);
      if (own.length === 0 || cell === undefined) return '';
      const { ratePerSecond, closedVus } = cell.profile;
      const load = `latency at ${wholeText(ratePerSecond)}/s, throughput with ${closedVus} clients, ${keys} ${keys === 1 ? 'key' : 'keys'}`;
      return `\n${name}: ${summary}\n${load}\n${table(own, comparisons, results)}`;
    })
    .join('\n');
}

function table(rows: readonly Row[], comparisons: readonly Comparison[], { sweep }: Results): string {
  const reference = sweep === undefined ? referenceOf(rows) : undefined;
  const head = [
    'strategy',
    ...(sweep === undefined ? [] : [sweep.name]),
    'per s',
    'k6’s\nCPU',
    ...(reference === undefined ? [] : [`× ${reference.strategy.replace('-', '-\n  ')}`]),
    'p50\nms',
    'p95\nms',
    'p99\nms',
    'drop-\nped',
    'errors',
    'proof\nbroken',
    'bystander\np99 ms',
    'CPU µs\nper req',
  ];
  const output = new Table({
    head,
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    output.push([
      nameOf(row),
      ...(sweep === undefined ? [] : [wholeText(row.point)]),
      wholeText(row.throughput?.value),
      shareText(row),
      ...(reference === undefined ? [] : [timesText(row, reference, comparisons)]),
      ...latencyCells(row),
      wholeText(row.dropped),
      wholeText(row.failedRequests),
      wholeText(row.broken),
      msText(row.bystanderP99Ms?.value),
      wholeText(row.cpuUsPerRequest?.value),
    ]);
  }
  return output.toString();
}

function referenceOf(rows: readonly Row[]): Row | undefined {
  return REFERENCES.map((name) => rows.find((row) => row.strategy === name)).find(
    (row) => row?.throughput !== undefined && row.throughput.value > 0,
  );
}

function nameOf({ strategy, kind, flaggedRounds }: Row): string {
  return `${strategy}${kind === 'strategy' ? '' : ` (${kind})`}${flaggedRounds > 0 ? ' *' : ''}`;
}

/** Of the CPU time in the closed loop: a throughput in which it is most says more about k6 than about the strategy. */
function shareText({ throughput, generatorShare }: Row): string {
  return throughput === undefined || generatorShare === undefined ? NO_FIGURE : percent(generatorShare.value);
}

/** Three figures, or one reason across their columns. */
function latencyCells({ latency, beyondGenerator }: Row): Table.Cell[] {
  const reason = beyondGenerator ? 'beyond the generator' : latency;
  if (typeof reason === 'string') return [{ content: reason, colSpan: 3, hAlign: 'center' }];
  return [reason.p50, reason.p95, reason.p99].map((estimate) => msText(estimate?.value));
}

/** The interval is in the report. */
function timesText(row: Row, reference: Row, comparisons: readonly Comparison[]): string {
  if (row.throughput === undefined) return NO_FIGURE;
  if (row === reference) return '1';
  const found = ratioBetween(comparisons, 'throughput', row, reference);
  return found === undefined || found.relation === 'unresolved' ? NO_FIGURE : ratioText(found.ratio);
}

/** What the rows show, and what they cannot claim, as paragraphs. */
export function conclusionOf(analysis: Analysis, results: Results): string {
  return [
    ...conclusionsOf(analysis).map(({ kind, text }) => `${kind}. ${text}`),
    `What it cannot claim. ${limitsOf(results).join(' ')}`,
  ].join('\n');
}
