/** Dot plots: one line per strategy, the median as a mark and its interval as a bar, on a logarithmic axis. */
import { listText, msText, wholeText } from '../../format.ts';
import type { Estimate } from '../../statistics/estimate.ts';
import type { Row } from '../../statistics/rows.ts';
import { axisFor, axisStyle, labelStyle, milliseconds, seriesStyle, svgOf, thousands, type Plot } from '../chart.ts';
import { light } from '../palette.ts';
import type { Draw, Subject } from './subject.ts';

interface Dot {
  readonly strategy: string;
  readonly figure: Pick<Estimate, 'value' | 'low' | 'high'>;
  /** Why nothing is claimed of it. */
  readonly doubt?: 'not ranked' | 'too short a window' | undefined;
}

interface DotPlot {
  readonly kind: string;
  readonly title: string;
  readonly caption: string;
  readonly unit: string;
  readonly dots: readonly Dot[];
  readonly tick: (value: number) => string;
  readonly label: (value: number) => string;
  /** A vertical line to hold the figures against. */
  readonly line?: { readonly at: number; readonly name: string };
}

const ROW_HEIGHT = 26;

function dotPlot({ workload, markOf }: Subject, plot: DotPlot): Plot | undefined {
  const { dots, tick, label, unit, line } = plot;
  if (dots.length === 0) return undefined;
  const values = dots.flatMap(({ figure }) => [figure.value, figure.low ?? figure.value, figure.high ?? figure.value]);
  const names = dots.map(({ strategy }) => strategy);
  const name = `${workload.name}-${plot.kind}`;
  const least = Math.min(...values, line?.at ?? Infinity);
  const most = Math.max(...values, line?.at ?? 0);
  return {
    name,
    title: plot.title,
    caption: plot.caption,
    svg: svgOf({
      name,
      height: dots.length * ROW_HEIGHT + 66,
      option: {
        grid: { left: 108, right: dots.some(({ doubt }) => doubt !== undefined) ? 180 : 70, top: 18, bottom: 44 },
        xAxis: {
          ...axisStyle,
          ...axisFor(least * 0.9, most * 1.1),
          name: unit,
          nameLocation: 'middle',
          nameGap: 28,
          axisLabel: { ...axisStyle.axisLabel, formatter: tick, showMaxLabel: false },
        },
        yAxis: {
          type: 'category',
          inverse: true,
          data: names,
          ...axisStyle,
          axisTick: { show: false },
          axisLabel: { ...labelStyle, color: light.ink },
          splitLine: { show: true, lineStyle: { color: light.grid, type: 'dotted' } },
        },
        series: dots.flatMap(({ strategy, figure, doubt }, index) => [
          ...intervalSeries(strategy, figure, markOf(strategy).colour),
          {
            type: 'scatter' as const,
            ...seriesStyle(markOf(strategy)),
            symbolSize: 10,
            data: [[figure.value, strategy]],
            ...(index === 0 && line !== undefined ? { markLine: verticalLine(line) } : {}),
          },
          figureSeries(strategy, figure, `${label(figure.value)}${doubt === undefined ? '' : `, ${doubt}`}`),
        ]),
      },
    }),
  };
}

function intervalSeries(strategy: string, { low, high }: Dot['figure'], colour: string) {
  if (low === undefined || high === undefined) return [];
  const line = { color: colour, width: 4, opacity: 0.45, cap: 'round' as const };
  return [
    {
      type: 'line' as const,
      symbol: 'none',
      silent: true,
      lineStyle: line,
      data: [
        [low, strategy],
        [high, strategy],
      ],
    },
  ];
}

/** The figure in words, to the right of its mark and of its interval. */
function figureSeries(strategy: string, { value, high }: Dot['figure'], text: string) {
  return {
    type: 'scatter' as const,
    symbolSize: 0,
    silent: true,
    data: [[high ?? value, strategy]],
    label: {
      show: true,
      position: 'right' as const,
      distance: 10,
      ...labelStyle,
      color: light.ink,
      backgroundColor: light.paper,
      padding: [1, 2],
      formatter: () => text,
    },
  };
}

function verticalLine({ at, name }: { readonly at: number; readonly name: string }) {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: light.muted, type: 'dashed' as const },
    label: { ...labelStyle, fontSize: 11, formatter: name, position: 'start' as const, distance: 3 },
    data: [{ xAxis: at }],
  };
}

function doubtOf({ ranked }: Row): Dot['doubt'] {
  return ranked ? undefined : 'not ranked';
}

export const throughputDots: Draw = (subject) => {
  const { rows, results, workload } = subject;
  const ceiling = results.calibration?.ceilingPerSecond;
  return dotPlot(subject, {
    kind: 'throughput',
    title: `${workload.name}: throughput`,
    caption: `50 clients that each wait for an answer before they ask again: ${workload.unit} per second, median and interval over rounds.`,
    unit: `${workload.unit} per second`,
    dots: rows.flatMap((row) =>
      row.throughput === undefined || row.point !== undefined
        ? []
        : [{ strategy: row.strategy, figure: row.throughput, doubt: doubtOf(row) }],
    ),
    tick: thousands,
    label: wholeText,
    ...(ceiling === undefined ? {} : { line: { at: ceiling, name: 'generator’s ceiling' } }),
  });
};

export const capacityDots: Draw = (subject) => {
  const { analysis, results, workload } = subject;
  const own = analysis.capacities.filter((row) => row.workload === workload.name);
  const bounded = own.filter(({ atLeast }) => atLeast).map(({ strategy }) => strategy);
  const limit = results.calibration?.limitPerSecond;
  return dotPlot(subject, {
    kind: 'capacity',
    title: `${workload.name}: capacity`,
    caption:
      `Highest rate with a p99 within ${results.sloMs} ms.` +
      (bounded.length === 0
        ? ''
        : ` At least that for ${listText(bounded)}: the generator’s limit or the end of the time came first.`),
    unit: 'requests per second',
    dots: own.flatMap(({ strategy, perSecond, low, high }) =>
      perSecond === undefined ? [] : [{ strategy, figure: { value: perSecond, low, high } }],
    ),
    tick: thousands,
    label: wholeText,
    ...(limit === undefined ? {} : { line: { at: limit, name: 'generator’s limit' } }),
  });
};

export const bystanderDots: Draw = (subject) => {
  const { rows, results, workload } = subject;
  const idleMs = results.calibration?.idleBystanderP99Ms;
  return dotPlot(subject, {
    kind: 'bystander',
    title: `${workload.name}: the bystander`,
    caption: 'p99 of /healthz beside the load. It touches no shared state: what it waits for is a blocked event loop.',
    unit: 'ms',
    dots: rows.flatMap((row) =>
      row.bystanderP99Ms === undefined || row.point !== undefined
        ? []
        : [{ strategy: row.strategy, figure: row.bystanderP99Ms, doubt: doubtOf(row) }],
    ),
    tick: milliseconds,
    label: msText,
    ...(idleMs === undefined ? {} : { line: { at: idleMs, name: 'idle' } }),
  });
};

export const p99Dots: Draw = (subject) => {
  const { rows, workload } = subject;
  return dotPlot(subject, {
    kind: 'p99',
    title: `${workload.name}: p99`,
    caption: `From the scheduled time to the answer at ${wholeText(rows[0]?.ratePerSecond)}/s; median and interval over rounds.`,
    unit: 'ms',
    dots: rows.flatMap((row) => {
      const { strategy, latency, point, beyondGenerator, figures } = row;
      if (typeof latency === 'string' || latency.p99 === undefined) return [];
      if (point !== undefined || beyondGenerator) return [];
      const doubt = doubtOf(row) ?? (figures.p99 === undefined ? 'too short a window' : undefined);
      return [{ strategy, figure: latency.p99, doubt }];
    }),
    tick: milliseconds,
    label: msText,
  });
};
