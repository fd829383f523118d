/** p99 of every rate that was tried, up to what the generator can do. */
import { median } from 'simple-statistics';
import type { Probe } from '../../capacity.ts';
import { labelStyle, niceBound, thousands } from '../chart.ts';
import type { Row } from '../../statistics/rows.ts';
import { linePlot, type LinePoint } from './line-plot.ts';
import { triedRates, type Draw } from './subject.ts';

/** Without curves and capacity searches there is a single rate. */
export const p99OverRate: Draw = (subject) => {
  const { rows, results, workload } = subject;
  const tried = new Map(rows.map(({ strategy }) => [strategy, triedRates(subject, strategy)]));
  const all = [...tried.values()].flat();
  if (all.length === 0) return undefined;
  const top = niceBound(Math.max(results.sloMs * 2, ...all.flatMap(({ p99Ms }) => p99Ms ?? [])), 'above');
  const limit = results.calibration?.limitPerSecond ?? 0;
  const rates = all.map(({ ratePerSecond }) => ratePerSecond);
  const right = niceBound(Math.max(...rates, limit) * 1.2, 'above');
  return linePlot(subject, {
    kind: 'p99-over-rate',
    title: `${workload.name}: p99 against the offered rate`,
    caption:
      'Medians, and their ranges where a rate was tried more than once. Hollow: saturated, disturbed, or in too short a window for a claim; what dropped arrivals has no p99 and stands at the top.',
    xName: 'offered requests per second',
    xAxis: {
      type: 'log',
      min: niceBound(Math.min(...rates) * 0.9, 'below'),
      max: right,
      axisLabel: { ...labelStyle, formatter: thousands, hideOverlap: true },
    },
    lines: rows
      .filter(({ point }) => point === undefined)
      .map((row) => ({ strategy: row.strategy, points: pointsOf(row, tried.get(row.strategy)!, top) })),
    slo: results.sloMs,
    yMax: top,
    ...(limit > 0 && limit < right ? { generatorLimit: { from: limit, to: right } } : {}),
  });
};

/** Those that were tried; the common rate, at which every round was measured, has the interval over rounds. */
function pointsOf(
  { ratePerSecond, latency, figures, ranked }: Row,
  probes: readonly Probe[],
  top: number,
): LinePoint[] {
  const common = typeof latency === 'string' ? undefined : latency.p99;
  const byRate = Map.groupBy(probes, (probe) => probe.ratePerSecond);
  if (common !== undefined) byRate.delete(ratePerSecond);
  const points = [...byRate].map(([x, tries]): LinePoint => {
    const times = tries.flatMap(({ p99Ms }) => p99Ms ?? []);
    const doubtful = tries.some(({ p99Ms, flags }) => p99Ms === undefined || flags.length > 0);
    if (times.length < tries.length) return { x, y: top, hollow: true };
    const range = times.length > 1 ? { low: Math.min(...times), high: Math.max(...times) } : {};
    return { x, y: median(times), hollow: doubtful, ...range };
  });
  if (common !== undefined) {
    const hollow = figures.p99 === undefined || !ranked;
    points.push({ x: ratePerSecond, y: common.value, low: common.low, high: common.high, hollow });
  }
  return points.toSorted((a, b) => a.x - b.x);
}
