/** Every run by itself, in the order in which it was made: what drifts, shows here. */
import { axisStyle, hollow, legendFor, niceBound, seriesStyle, svgOf, thousands } from '../chart.ts';
import type { Draw } from './subject.ts';

const PLOT_HEIGHT = 200;

export const roundsStrip: Draw = ({ workload, results, markOf }) => {
  const runs = results.cells
    .filter((cell) => cell.workload === workload.name && cell.kind !== 'control')
    .flatMap(({ strategy, measured }, index) => {
      const y = measured?.measurement.closedPerSecond;
      return y === undefined || y === 0 ? [] : [{ strategy, x: index + 1, y, doubtful: measured!.flags.length > 0 }];
    });
  if (results.rounds < 2 || runs.length === 0) return undefined;
  const strategies = results.candidates
    .map(({ name }) => name)
    .filter((name) => runs.some((run) => run.strategy === name));
  const legend = legendFor(strategies);
  const name = `${workload.name}-rounds`;
  const values = runs.map(({ y }) => y);
  return {
    name,
    title: `${workload.name}: every round, in the order run`,
    caption: `Throughput of each run. Hollow: disturbed, and kept after ${results.profile === 'quick' ? 'no' : 'two'} repetitions.`,
    svg: svgOf({
      name,
      height: PLOT_HEIGHT + legend.height,
      option: {
        grid: { left: 50, right: 20, top: 26, bottom: legend.height + 44 },
        legend: { ...legend.option, itemWidth: 10, itemHeight: 10 },
        xAxis: {
          type: 'value',
          ...axisStyle,
          min: 0,
          max: runs.at(-1)!.x + 1,
          name: 'run',
          nameLocation: 'middle',
          nameGap: 28,
        },
        yAxis: {
          type: 'log',
          ...axisStyle,
          min: niceBound(Math.min(...values), 'below'),
          max: niceBound(Math.max(...values), 'above'),
          name: 'per s',
          nameGap: 10,
          axisLabel: { ...axisStyle.axisLabel, formatter: thousands },
        },
        series: strategies.map((strategy) => ({
          type: 'scatter' as const,
          name: strategy,
          ...seriesStyle(markOf(strategy)),
          data: runs
            .filter((run) => run.strategy === strategy)
            .map(({ x, y, doubtful }) => ({
              value: [x, y],
              ...(doubtful ? { itemStyle: hollow(markOf(strategy)) } : {}),
            })),
        })),
      },
    }),
  };
};
