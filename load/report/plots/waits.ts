/** What a request spends its time on, as the service says in `Server-Timing`. */
import { percent } from '../../format.ts';
import { axisStyle, labelStyle, svgOf } from '../chart.ts';
import { light, partColours } from '../palette.ts';
import type { Draw } from './subject.ts';

const ROW_HEIGHT = 28;
const names = { wait: 'waiting', hold: 'holding', origin: 'origin', rest: 'HTTP and the rest' } as const;

export const whatWaits: Draw = ({ workload, rows }) => {
  const shown = rows.flatMap(({ strategy, parts, point }) => {
    if (parts === undefined || point !== undefined) return [];
    // Under an asynchronous lock the origin is awaited while holding: it is counted once, as the origin.
    const hold = Math.max(0, parts.hold >= parts.origin ? parts.hold - parts.origin : parts.hold);
    const rest = Math.max(0, parts.total - parts.wait - hold - parts.origin);
    const sum = parts.wait + hold + parts.origin + rest;
    return [
      { strategy, shares: { wait: parts.wait / sum, hold: hold / sum, origin: parts.origin / sum, rest: rest / sum } },
    ];
  });
  if (shown.length === 0) return undefined;
  const name = `${workload.name}-waits`;
  return {
    name,
    title: `${workload.name}: what a request spends its time on`,
    caption:
      'Shares of the mean time in the service, at the common rate. Waiting is for a lock, the owner or the writer’s turn.',
    svg: svgOf({
      name,
      height: shown.length * ROW_HEIGHT + 76,
      option: {
        grid: { left: 108, right: 20, top: 10, bottom: 60 },
        legend: { bottom: 0, textStyle: labelStyle, itemWidth: 14, itemHeight: 10, itemGap: 12 },
        xAxis: {
          type: 'value',
          ...axisStyle,
          min: 0,
          max: 1,
          axisLabel: { ...axisStyle.axisLabel, formatter: percent },
        },
        yAxis: {
          type: 'category',
          inverse: true,
          data: shown.map(({ strategy }) => strategy),
          ...axisStyle,
          axisTick: { show: false },
          axisLabel: { ...labelStyle, color: light.ink },
        },
        series: (['wait', 'hold', 'origin', 'rest'] as const).map((part) => ({
          type: 'bar' as const,
          stack: 'parts',
          name: names[part],
          barWidth: 16,
          itemStyle: { color: partColours[part], borderColor: light.paper, borderWidth: 1 },
          emphasis: { disabled: true },
          data: shown.map(({ shares }) => shares[part]),
        })),
      },
    }),
  };
};
