/** What a request costs the service, and an operation where no HTTP hides it: tables beside those of the verdict. */
import { estimateText, NO_FIGURE, percent, wholeText } from '../format.ts';
import type { Measured } from '../cell.ts';
import type { Results } from '../results-file.ts';
import { GENERATOR_SHARE } from '../statistics/choice.ts';
import { estimateOf } from '../statistics/estimate.ts';
import { believedRuns } from '../statistics/rows.ts';
import { workloads } from '../workloads/index.ts';

export interface CostTable {
  readonly title: string;
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One table per workload, and one of what was measured without HTTP; none of files from before there were such figures. */
export function costTables(results: Results): CostTable[] {
  return [...results.workloads.flatMap(({ name }) => requestTable(name, results)), ...inProcessTable(results)];
}

function requestTable(workload: string, { cells, candidates }: Results): CostTable[] {
  const rows = candidates.flatMap(({ name }) => {
    const own = cells.filter((cell) => cell.workload === workload && cell.strategy === name);
    const runs = believedRuns(own).filter(({ cost }) => cost !== undefined);
    return runs.length === 0 ? [] : [requestRow(name, runs)];
  });
  if (rows.length === 0) return [];
  const { cost } = cells.find((cell) => cell.workload === workload && cell.measured?.cost !== undefined)!.measured!;
  const settings = settingsOf(workload);
  const service = settings === '' ? 'CPU of the service' : `CPU of a service with ${settings}`;
  const check = settings === '' ? '' : ' Its throughput is of those settings, and no check of k6’s.';
  return [
    {
      title: `${workload}: what a request costs`,
      caption:
        `${service} alone, settled, as ${cost!.generator} with ${cost!.connections} connections drives it.${check} A throughput in ` +
        'which its generator took more CPU than the service says more about the generator.',
      head: ['strategy', 'CPU µs/request', 'requests', `${nameOf(cost!.generator)}/s`, 'its CPU', 'k6/s', 'its CPU'],
      rows,
    },
  ];
}

/** What is set otherwise than in the runs with k6, since it would hide what a strategy costs itself. */
function settingsOf(workload: string): string {
  const environment = workloads.find(({ name }) => name === workload)?.cost?.environment ?? {};
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function requestRow(strategy: string, runs: readonly Measured[]): string[] {
  const over = (of: (run: Measured) => number | undefined, text: (value: number) => string) =>
    estimateText(estimateOf(runs.map(of)), text);
  const least = Math.min(...runs.map(({ cost }) => cost!.requests));
  return [
    strategy,
    over(
      ({ cost }) => cost!.cpuUsPerRequest,
      (us) => us.toFixed(1),
    ),
    `≥ ${wholeText(least)}`,
    over(({ cost }) => cost!.perSecond, wholeText),
    shareText(runs.map(({ cost }) => cost!.generatorShare)),
    over(({ measurement }) => measurement.closedPerSecond, wholeText),
    shareText(runs.map(({ generatorShare }) => generatorShare?.closed)),
  ];
}

/** Marked where it warns. */
function shareText(shares: readonly (number | undefined)[]): string {
  const share = estimateOf(shares)?.value;
  return share === undefined ? NO_FIGURE : `${percent(share)}${share > GENERATOR_SHARE ? ' !' : ''}`;
}

function nameOf(generator: string): string {
  return generator.split(' ')[0]!;
}

function inProcessTable({ inProcess = [] }: Results): CostTable[] {
  if (inProcess.length === 0) return [];
  const threads = [...new Set(inProcess.map((result) => result.threads))].toSorted((a, b) => a - b);
  const byRow = Map.groupBy(inProcess, ({ operation, strategy }) => `${operation}\n${strategy}`);
  const rows = [...byRow.values()].map((own) => [
    own[0]!.strategy,
    own[0]!.operation,
    ...threads.map((count) =>
      estimateText(
        estimateOf(own.filter((result) => result.threads === count).map(({ nsPerOperation }) => nsPerOperation)),
        wholeText,
      ),
    ),
  ]);
  return [
    {
      title: 'In process, without HTTP',
      caption:
        'Nanoseconds of a thread per operation, with so many threads at work at once: what the coordination itself costs.',
      head: ['strategy', 'operation', ...threads.map((count) => `${count} ${count === 1 ? 'thread' : 'threads'}`)],
      rows: rows.toSorted((a, b) => a[1]!.localeCompare(b[1]!)),
    },
  ];
}
