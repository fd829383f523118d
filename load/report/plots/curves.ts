/** Latency as lines: over the percentiles, over time; and throughput over what is swept. */
import { median } from 'simple-statistics';
import type { Measured } from '../../cell.ts';
import { believedRuns, type Row } from '../../statistics/rows.ts';
import { labelStyle, thousands } from '../chart.ts';
import { linePlot, type Line } from './line-plot.ts';
import type { Draw, Subject } from './subject.ts';

/** Beyond the percentile at which fewer than ten samples are left, a curve is the story of single requests. */
const TAIL_SAMPLES = 10;

const BEYOND = ' Hollow: at a rate beyond the generator’s limit.';

/** What the generator could not do is drawn as such. */
function marked({ beyondGenerator }: Row, points: Line['points']): Line['points'] {
  return beyondGenerator ? points.map((point) => ({ ...point, hollow: true })) : points;
}

export const percentileCurves: Draw = (subject) =>
  linePlot(subject, {
    kind: 'percentiles',
    title: `${subject.workload.name}: all percentiles`,
    caption: `From the scheduled time to the answer, at the common rate; the median over rounds of each percentile.${BEYOND}`,
    xName: 'percentile',
    xAxis: {
      type: 'log',
      min: 1,
      max: 1000,
      axisLabel: { ...labelStyle, formatter: (x: number) => `${Number((100 - 100 / x).toPrecision(6))} %` },
    },
    lines: subject.rows
      .filter(({ latency, point }) => typeof latency !== 'string' && point === undefined)
      .map((row) => ({ strategy: row.strategy, points: marked(row, curveOf(runsOf(subject, row.strategy))) })),
    slo: subject.results.sloMs,
  });

interface Runs {
  readonly measureSeconds: number;
  readonly measurements: readonly Measured['measurement'][];
}

/** The same that the row of the table is made of. */
function runsOf({ results, workload }: Subject, strategy: string): Runs {
  const own = results.cells.filter((cell) => cell.workload === workload.name && cell.strategy === strategy);
  return {
    measureSeconds: own[0]?.profile.measureSeconds ?? 0,
    measurements: believedRuns(own).map(({ measurement }) => measurement),
  };
}

function curveOf({ measurements }: Runs): Line['points'] {
  const curves = measurements.flatMap(({ e2e }) => e2e ?? []);
  const percentiles = Object.keys(curves[0]?.percentiles ?? {})
    .map(Number)
    .toSorted((a, b) => a - b);
  return percentiles
    .filter((percentile) => curves.every(({ count }) => count * (1 - percentile / 100) >= TAIL_SAMPLES * 0.999))
    .map((percentile) => ({
      x: 100 / (100 - percentile),
      y: median(curves.map((curve) => curve.percentiles[String(percentile)]!)),
    }));
}

export const overTime: Draw = (subject) =>
  linePlot(subject, {
    kind: 'over-time',
    title: `${subject.workload.name}: over time`,
    caption:
      'The median of each slice of the measured part; the median over rounds. A line that climbs is a queue that grows.' +
      BEYOND,
    xName: 's',
    xAxis: { type: 'value', min: 0 },
    lines: subject.rows
      .filter(({ latency, point }) => typeof latency !== 'string' && point === undefined)
      .map((row) => ({ strategy: row.strategy, points: marked(row, seriesOf(runsOf(subject, row.strategy))) })),
  });

function seriesOf({ measureSeconds, measurements }: Runs): Line['points'] {
  const [first] = measurements;
  if (first === undefined) return [];
  const sliceSeconds = measureSeconds / first.slices.length;
  return first.slices.flatMap((_, slice) => {
    const medians = measurements.flatMap(({ slices }) => (slices[slice]?.count ? [slices[slice].p50] : []));
    return medians.length === 0 ? [] : [{ x: Number(((slice + 0.5) * sliceSeconds).toFixed(2)), y: median(medians) }];
  });
}

export const throughputOverSweep: Draw = (subject) => {
  const { rows, results, workload } = subject;
  const { sweep } = results;
  if (sweep === undefined) return undefined;
  const strategies = [...new Set(rows.map(({ strategy }) => strategy))];
  return linePlot(subject, {
    kind: `sweep-${sweep.name}`,
    title: `${workload.name}: throughput over ${sweep.name}`,
    caption: `${workload.unit} per second of 50 clients; the median over rounds.`,
    xName: sweep.name === 'threads' ? 'HTTP threads' : 'µs of CPU inside every critical section',
    xAxis: { type: 'category', data: sweep.values.map(String) },
    yName: 'per s',
    yTick: thousands,
    lines: strategies.map((strategy) => ({
      strategy,
      points: rows
        .filter((row) => row.strategy === strategy && row.throughput !== undefined)
        .flatMap(({ point = 0, throughput }) => {
          const x = sweep.values.indexOf(point);
          return x < 0 ? [] : [{ x, y: throughput!.value }];
        }),
    })),
  });
};
