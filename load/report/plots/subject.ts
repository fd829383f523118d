/** What every plot of a workload is drawn from. */
import type { Probe } from '../../capacity.ts';
import type { Results } from '../../results-file.ts';
import type { Analysis } from '../../statistics/analysis.ts';
import type { Row } from '../../statistics/rows.ts';
import type { Plot } from '../chart.ts';
import { markAt, type Mark } from '../palette.ts';

export interface Subject {
  readonly workload: Results['workloads'][number];
  readonly results: Results;
  readonly analysis: Analysis;
  /** Of this workload, without the control: it has no figures to draw. */
  readonly rows: readonly Row[];
  readonly markOf: (strategy: string) => Mark;
}

/** Every rate at which a strategy was tried besides the common one: those of the curves, and the steps of searches. */
export function triedRates({ workload, results: { capacities, curves = [] } }: Subject, strategy: string): Probe[] {
  const isOwn = (item: { readonly workload: string; readonly strategy: string }) =>
    item.workload === workload.name && item.strategy === strategy;
  return [...curves.filter(isOwn), ...capacities.filter(isOwn).flatMap(({ probes }) => probes)];
}

/** A plot, or nothing where its figures were not measured. */
export type Draw = (subject: Subject) => Plot | undefined;

export function subjectsOf(results: Results, analysis: Analysis): Subject[] {
  const order = results.candidates.filter(({ kind }) => kind !== 'control').map(({ name }) => name);
  return results.workloads.flatMap((workload) => {
    const rows = analysis.rows.filter((row) => row.workload === workload.name && row.kind !== 'control');
    if (rows.length === 0) return [];
    return [{ workload, results, analysis, rows, markOf: (name: string) => markAt(order.indexOf(name)) }];
  });
}
