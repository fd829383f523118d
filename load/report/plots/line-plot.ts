/** Lines of several strategies in one drawing, each with its mark. */
import {
  axisFor,
  axisStyle,
  hollow,
  labelStyle,
  legendFor,
  milliseconds,
  seriesStyle,
  svgOf,
  type Plot,
} from '../chart.ts';
import { light } from '../palette.ts';
import type { Subject } from './subject.ts';

const PLOT_HEIGHT = 230;

/** A point, and where it is known the interval it stands for. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Not to be relied on. */
  readonly hollow?: boolean;
}

export interface Line {
  readonly strategy: string;
  readonly points: readonly LinePoint[];
}

export interface LinePlot {
  readonly kind: string;
  readonly title: string;
  readonly caption: string;
  readonly lines: readonly Line[];
  readonly xName: string;
  readonly xAxis: object;
  readonly slo?: number;
  readonly generatorLimit?: { readonly from: number; readonly to: number };
  readonly yName?: string;
  /** Where points without a figure stand. */
  readonly yMax?: number;
  readonly yTick?: (value: number) => string;
}

export function linePlot({ workload, markOf }: Subject, plot: LinePlot): Plot | undefined {
  const lines = plot.lines.filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const name = `${workload.name}-${plot.kind}`;
  const legend = legendFor(lines.map(({ strategy }) => strategy));
  const values = lines.flatMap(({ points }) => points.flatMap(({ y, low = y, high = y }) => [y, low, high]));
  const most = Math.max(...values, plot.slo ?? 0);
  const bounds = axisFor(Math.min(...values), plot.yMax ?? most * 1.05);
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
          ...axisStyle,
          ...bounds,
          name: plot.yName ?? 'ms',
          nameTextStyle: { ...labelStyle, align: 'right' },
          nameGap: 10,
          axisLabel: { ...axisStyle.axisLabel, formatter: plot.yTick ?? milliseconds },
        },
        series: lines.flatMap(({ strategy, points }, index) => {
          const mark = markOf(strategy);
          return [
            ...points.flatMap((point) => intervalSeries(point, mark.colour)),
            {
              type: 'line' as const,
              name: strategy,
              ...seriesStyle(mark),
              data: points.map(({ x, y, hollow: open }) => ({
                value: [x, y],
                ...(open ? { itemStyle: hollow(mark) } : {}),
              })),
              ...(index === 0 ? { ...sloLine(plot.slo), ...generatorZone(plot.generatorLimit) } : {}),
            },
          ];
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
      label: { ...labelStyle, fontSize: 11, position: 'inside', rotate: 90 },
      data: [[{ name: 'beyond the generator', xAxis: zone.from }, { xAxis: zone.to }]],
    },
  };
}

function intervalSeries({ x, low, high }: LinePoint, colour: string) {
  if (low === undefined || high === undefined) return [];
  const lineStyle = { color: colour, width: 4, opacity: 0.4, cap: 'round' as const };
  return [
    {
      type: 'line' as const,
      symbol: 'none',
      silent: true,
      lineStyle,
      data: [
        [x, low],
        [x, high],
      ],
    },
  ];
}
