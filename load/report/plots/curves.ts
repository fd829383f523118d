/** Latency as lines: over the offered rate, over the percentiles, over time. */
import { median } from 'simple-statistics';
import type { CellResult } from '../../cell.ts';
import {
  axisStyle,
  hollow,
  labelStyle,
  legendFor,
  milliseconds,
  niceBound,
  seriesStyle,
  svgOf,
  thousands,
  type Plot,
} from '../chart.ts';
import { light } from '../palette.ts';
import type { Draw, Subject } from './subject.ts';

const PLOT_HEIGHT = 230;

interface Line {
  readonly strategy: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly hollow?: boolean }[];
}

interface LinePlot {
  readonly kind: string;
  readonly title: string;
  readonly caption: string;
  readonly lines: readonly Line[];
  readonly xName: string;
  readonly xAxis: object;
  readonly slo?: number;
  readonly generatorLimit?: { readonly from: number; readonly to: number };
  readonly yName?: string;
  readonly yTick?: (value: number) => string;
}

export function linePlot({ workload, markOf }: Subject, plot: LinePlot): Plot | undefined {
  const lines = plot.lines.filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const name = `${workload.name}-${plot.kind}`;
  const legend = legendFor(lines.map(({ strategy }) => strategy));
  const values = lines.flatMap(({ points }) => points.map(({ y }) => y));
  const bounds = {
    min: niceBound(Math.min(...values), 'below'),
    max: niceBound(Math.max(...values, plot.slo ?? 0) * 1.05, 'above'),
  };
  return {
    name,
    title: plot.title,
    caption: plot.caption,
    svg: svgOf({
      name,
      height: PLOT_HEIGHT + legend.height,
      option: {
        grid: { left: 50, right: 20, top: 26, bottom: legend.height + 44 },
        legend: legend.option,
        xAxis: { ...axisStyle, name: plot.xName, nameLocation: 'middle', nameGap: 28, ...plot.xAxis } as object,
        yAxis: {
          type: 'log',
          ...axisStyle,
          ...bounds,
          name: plot.yName ?? 'ms',
          nameTextStyle: { ...labelStyle, align: 'right' },
          nameGap: 10,
          axisLabel: { ...axisStyle.axisLabel, formatter: plot.yTick ?? milliseconds },
        },
        series: lines.map(({ strategy, points }, index) => {
          const mark = markOf(strategy);
          return {
            type: 'line' as const,
            name: strategy,
            ...seriesStyle(mark),
            data: points.map(({ x, y, hollow: open }) => ({
              value: [x, y],
              ...(open ? { itemStyle: hollow(mark) } : {}),
            })),
            ...(index === 0 ? { ...sloLine(plot.slo), ...generatorZone(plot.generatorLimit) } : {}),
          };
        }),
      },
    }),
  };
}

function sloLine(slo: number | undefined): object {
  if (slo === undefined) return {};
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: light.ink, type: 'dashed' },
      label: { ...labelStyle, formatter: `SLO ${slo} ms`, position: 'insideStartTop' },
      data: [{ yAxis: slo }],
    },
  };
}

function generatorZone(zone: LinePlot['generatorLimit']): object {
  if (zone === undefined) return {};
  return {
    markArea: {
      silent: true,
      itemStyle: { color: light.zone },
      label: { ...labelStyle, fontSize: 11, position: 'insideTop' },
      data: [[{ name: 'beyond the generator', xAxis: zone.from }, { xAxis: zone.to }]],
    },
  };
}

/** p99 of every rate that was tried; a strategy that was tried at a single one has no curve. */
export const p99OverRate: Draw = (subject) => {
  const { rows, results, workload } = subject;
  const searches = results.capacities.filter((search) => search.workload === workload.name);
  if (searches.length === 0) return undefined;
  const probes = searches.flatMap((search) => search.probes.map((probe) => ({ ...probe, strategy: search.strategy })));
  const known = probes.flatMap(({ p99Ms }) => p99Ms ?? []);
  const top = niceBound(Math.max(results.sloMs * 2, ...known), 'above');
  const limit = results.calibration?.limitPerSecond ?? 0;
  const rates = probes.map(({ ratePerSecond }) => ratePerSecond);
  const right = niceBound(Math.max(...rates, limit) * 1.2, 'above');
  return linePlot(subject, {
    kind: 'p99-over-rate',
    title: `${workload.name}: p99 against the offered rate`,
    caption: `Medians of all searches. Hollow: saturated or disturbed; those that dropped arrivals have no p99 and stand at the top.`,
    xName: 'offered requests per second',
    xAxis: {
      type: 'log',
      min: niceBound(Math.min(...rates) * 0.9, 'below'),
      max: right,
      axisLabel: { ...labelStyle, formatter: thousands, hideOverlap: true },
    },
    lines: [...new Set(rows.map(({ strategy }) => strategy))].map((strategy) => {
      const own = Map.groupBy(
        probes.filter((probe) => probe.strategy === strategy),
        ({ ratePerSecond }) => ratePerSecond,
      );
      const points = [...own].map(([x, tries]) => {
        const times = tries.flatMap(({ p99Ms }) => p99Ms ?? []);
        const doubtful = tries.some(({ p99Ms, flags }) => p99Ms === undefined || flags.length > 0);
        return { x, y: times.length === 0 ? top : median(times), hollow: doubtful };
      });
      return { strategy, points: points.toSorted((a, b) => a.x - b.x) };
    }),
    slo: results.sloMs,
    ...(limit > 0 && limit < right ? { generatorLimit: { from: limit, to: right } } : {}),
  });
};

/** Beyond the percentile at which fewer than ten samples are left, a curve is the story of single requests. */
const TAIL_SAMPLES = 10;

export const percentileCurves: Draw = (subject) =>
  linePlot(subject, {
    kind: 'percentiles',
    title: `${subject.workload.name}: all percentiles`,
    caption: `From the scheduled time to the answer, at the common rate; the median over rounds of each percentile.`,
    xName: 'percentile',
    xAxis: {
      type: 'log',
      min: 1,
      max: 1000,
      axisLabel: { ...labelStyle, formatter: (x: number) => `${Number((100 - 100 / x).toPrecision(6))} %` },
    },
    lines: subject.rows
      .filter(({ latency, point }) => typeof latency !== 'string' && point === undefined)
      .map(({ strategy }) => ({ strategy, points: curveOf(runsOf(subject, strategy)) })),
    slo: subject.results.sloMs,
  });

function runsOf({ results, workload }: Subject, strategy: string): CellResult[] {
  return results.cells.filter((cell) => cell.workload === workload.name && cell.strategy === strategy);
}

function curveOf(cells: readonly CellResult[]): Line['points'] {
  const curves = cells.flatMap(({ measured }) => measured?.measurement.e2e ?? []);
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
      'The median of each slice of the measured part; the median over rounds. A line that climbs is a queue that grows.',
    xName: 's',
    xAxis: { type: 'value', min: 0 },
    lines: subject.rows
      .filter(({ latency, point }) => typeof latency !== 'string' && point === undefined)
      .map(({ strategy }) => ({ strategy, points: seriesOf(runsOf(subject, strategy)) })),
  });

function seriesOf(cells: readonly CellResult[]): Line['points'] {
  const runs = cells.flatMap(({ measured, profile }) =>
    measured === undefined ? [] : [{ ...measured.measurement, profile }],
  );
  const [first] = runs;
  if (first === undefined) return [];
  const sliceSeconds = first.profile.measureSeconds / first.slices.length;
  return first.slices.flatMap((_, slice) => {
    const medians = runs.flatMap(({ slices }) => (slices[slice]?.count ? [slices[slice].p50] : []));
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
