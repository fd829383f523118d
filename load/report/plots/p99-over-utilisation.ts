/** p99 against how busy a strategy was: what a queue makes of arrivals that are random, long before the capacity is reached. */
import { median } from 'simple-statistics';
import type { Probe } from '../../capacity.ts';
import type { Row } from '../../statistics/rows.ts';
import { labelStyle, niceBound, type Plot } from '../chart.ts';
import { linePlot, type LinePoint } from './line-plot.ts';
import { triedRates, type Subject } from './subject.ts';

/** A queue beyond its capacity is as full as one that is at it: there is nothing more to see. */
const MOST = 1.2;

/** Utilisation is the offered rate over the most that a strategy answered here, to clients that ask again at once. */
export function p99OverUtilisation(subject: Subject): Plot | undefined {
  const { rows, results, workload } = subject;
  const lines = rows
    .filter(({ point, beyondGenerator }) => point === undefined && !beyondGenerator)
    .map((row) => ({ strategy: row.strategy, points: utilisationPoints(row, triedRates(subject, row.strategy)) }));
  const shown = lines.flatMap(({ points }) => points);
  if (shown.length === 0) return undefined;
  const top = niceBound(Math.max(...shown.flatMap(({ y, high = y }) => (y === UNKNOWN ? [] : [y, high])), 1), 'above');
  const isSaturated = shown.some(({ y }) => y === UNKNOWN);
  return linePlot(subject, {
    kind: 'p99-over-utilisation',
    title: `${workload.name}: p99 against utilisation`,
    caption:
      `Under ${results.arrivals ?? 'even'} arrivals. Utilisation is the offered rate over the throughput that 50 clients get out of the same strategy. ` +
      `Hollow: disturbed, or too short a window for a claim${isSaturated ? ', or saturated, which stands at the top' : ''}.`,
    xName: 'offered rate / capacity',
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.max(1, ...shown.map(({ x }) => x)),
      axisLabel: { ...labelStyle, formatter: (value: number) => `${Math.round(value * 100)} %`, hideOverlap: true },
    },
    lines: lines.map(({ strategy, points }) => ({
      strategy,
      points: points.map((point) => (point.y === UNKNOWN ? { ...point, y: top } : point)),
    })),
    yMax: top,
  });
}

/** Where there is no p99, since arrivals were dropped. */
const UNKNOWN = Number.POSITIVE_INFINITY;

/** By share of the capacity; without a p99, since arrivals were dropped, `Infinity`. */
export function utilisationPoints(
  { latency, throughput, ratePerSecond, figures, ranked }: Row,
  probes: readonly Probe[],
): LinePoint[] {
  if (throughput === undefined || throughput.value === 0) return [];
  const at = (rate: number): number => Math.min(MOST, rate / throughput.value);
  const byRate = Map.groupBy(
    probes.filter((probe) => probe.ratePerSecond !== ratePerSecond),
    (probe) => probe.ratePerSecond,
  );
  const points = [...byRate].map(([rate, tries]): LinePoint => {
    const times = tries.flatMap(({ p99Ms }) => p99Ms ?? []);
    if (times.length < tries.length) return { x: at(rate), y: UNKNOWN, hollow: true };
    return { x: at(rate), y: median(times), hollow: tries.some(({ flags }) => flags.length > 0) };
  });
  if (latency === 'saturated') points.push({ x: at(ratePerSecond), y: UNKNOWN, hollow: true });
  if (typeof latency !== 'string' && latency.p99 !== undefined) {
    const { value, low, high } = latency.p99;
    points.push({ x: at(ratePerSecond), y: value, low, high, hollow: figures.p99 === undefined || !ranked });
  }
  return points.toSorted((a, b) => a.x - b.x);
}
