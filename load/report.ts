/** The table in the terminal, and what may be concluded from it. Pure: rows in, text out. */
import Table from 'cli-table3';
import type { Plan } from './plan.ts';
import { P99_MIN_SAMPLES } from './scenarios/profile.ts';
import type { Row } from './statistics.ts';
import type { Verdict } from './verdict.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Throughputs are given as multiples of the first of these that was measured: the pattern one should not use. */
const REFERENCES = ['async-lock', 'single-thread'];

/** One table per workload, with its heading. */
export function tablesOf(rows: readonly Row[], plan: Plan): string {
  return plan.workloads
    .map((workload) => {
      const own = rows.filter((row) => row.workload === workload.name);
      const profile = plan.rounds.flat().find((cell) => cell.workload === workload)?.profile;
      if (own.length === 0 || profile === undefined) return '';
      const load = `latency at ${whole.format(profile.ratePerSecond)}/s, throughput with ${profile.closedVus} clients`;
      const keys = profile.keys === workload.keys ? '' : ` (here with --keys ${profile.keys})`;
      return `\n${workload.name}: ${workload.summary}${keys}\n${load}\n${table(own)}`;
    })
    .join('\n');
}

function table(rows: readonly Row[]): string {
  const reference = referenceOf(rows);
  const head = [
    'strategy',
    'per s',
    ...(reference === undefined ? [] : [`× ${reference.strategy.replace('-', '-\n  ')}`]),
    'p50\nms',
    'p95\nms',
    'p99\nms',
    'drop-\nped',
    'errors',
    'lost\nupdates',
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
      wholeOrDash(row.throughputPerSecond),
      ...(reference === undefined ? [] : [ratioText(row, reference)]),
      ...latencyCells(row),
      whole.format(row.dropped),
      whole.format(row.failedRequests),
      whole.format(row.lost),
      msOrDash(row.bystanderP99Ms),
      wholeOrDash(row.cpuUsPerRequest),
    ]);
  }
  return output.toString();
}

function referenceOf(rows: readonly Row[]): Row | undefined {
  return REFERENCES.map((name) => rows.find((row) => row.strategy === name)).find(
    (row) => row?.throughputPerSecond !== undefined && row.throughputPerSecond > 0,
  );
}

function nameOf({ strategy, kind, generatorLate }: Row): string {
  return `${strategy}${kind === 'strategy' ? '' : ` (${kind})`}${generatorLate ? ' *' : ''}`;
}

/** Three figures, or one reason across their columns. */
function latencyCells({ latency }: Row): Table.Cell[] {
  if (typeof latency === 'string') return [{ content: latency, colSpan: 3, hAlign: 'center' }];
  return [latency.p50, latency.p95, latency.p99].map(msOrDash);
}

function ratioText({ throughputPerSecond }: Row, reference: Row): string {
  if (throughputPerSecond === undefined) return '–';
  return (throughputPerSecond / reference.throughputPerSecond!).toPrecision(2);
}

function wholeOrDash(value: number | undefined): string {
  return value === undefined ? '–' : whole.format(value);
}

function msOrDash(value: number | undefined): string {
  if (value === undefined) return '–';
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}

/** What the rows show, and what they cannot claim, as paragraphs. */
export function conclusionOf(rows: readonly Row[], plan: Plan, verdict: Verdict): string {
  const shown = plan.workloads.flatMap(({ name }) => findingOf(rows.filter((row) => row.workload === name)));
  const proofs = verdict.failures.length === 0 ? 'No strategy lost or doubled an acknowledged increment.' : '';
  const rounds = plan.rounds.length;
  return [
    ...(rows.some(({ generatorLate }) => generatorLate)
      ? [
          '* k6 itself was late (by more than 5 ms at its p99, or it missed arrivals): something else used the machine, and no figure of this row can be relied on.',
        ]
      : []),
    ...verdict.control.map(({ text }) => `Control. ${text}.`),
    ...verdict.failures.map((text) => `FAILED. ${text}`),
    `What this shows. ${[...shown, proofs].filter((text) => text !== '').join(' ')}`,
    `What it cannot claim. ${
      rounds < 6
        ? `${rounds === 1 ? 'One round' : `${rounds} rounds`} of a few seconds ${rounds === 1 ? 'has' : 'have'} no intervals: take nothing below a factor of 1.5 for a difference. `
        : ''
    }k6 and the service share this machine, so a throughput is what both together can do, and one of many thousands is partly k6's own ceiling; arrivals are evenly spaced, not random; a p99 needs ${whole.format(P99_MIN_SAMPLES)} samples, else "–".`,
  ].join('\n');
}

function rate(row: Row): string {
  return `${row.strategy}${row.generatorLate ? '*' : ''} ${whole.format(row.throughputPerSecond!)}/s`;
}

function findingOf(rows: readonly Row[]): string[] {
  const measured = rows.filter(({ throughputPerSecond }) => throughputPerSecond !== undefined);
  const strategies = measured
    .filter(({ kind }) => kind === 'strategy')
    .sort((a, b) => a.throughputPerSecond! - b.throughputPerSecond!);
  const [slowest, fastest] = [strategies[0], strategies.at(-1)];
  if (slowest === undefined || fastest === undefined) return [];
  const factor = fastest.throughputPerSecond! / slowest.throughputPerSecond!;
  const baseline = measured.find(({ kind }) => kind === 'baseline');
  const beside = baseline === undefined ? '' : `; ${rate(baseline)} with one thread and no lock`;
  if (slowest === fastest) return [`${slowest.workload}: ${rate(slowest)}${beside}.`];
  const disturbed = measured.some(({ generatorLate }) => generatorLate) && factor < 5;
  const difference = factor < 1.5 ? 'no difference worth choosing by' : `a factor of ${factor.toPrecision(2)}`;
  const comparison = disturbed ? 'which cannot be judged, since something else used the machine' : difference;
  return [`${slowest.workload}: ${rate(fastest)} against ${rate(slowest)}, ${comparison}${beside}.`];
}
