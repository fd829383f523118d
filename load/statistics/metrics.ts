/** What candidates are compared by: one entry, and text, tables and trials know a figure. */
import { msText, wholeText } from '../format.ts';
import { LEVEL } from './pairs.ts';

/** Of throughput more is better, of all others less. */
export type Metric = 'throughput' | 'p50' | 'p99' | 'cpu' | 'bystander';

export interface MetricDescription {
  /** In the middle of a sentence. */
  readonly name: string;
  readonly more: 'better' | 'worse';
  readonly text: (value: number) => string;
  /** Behind a figure in a sentence. */
  readonly unit: string;
  /** A choice may be made by it; the rest is only compared. */
  readonly chooses: boolean;
  /** Of all pairs of a workload together. */
  readonly level: number;
}

/**
 * The two tails are noisy enough to be claimed apart by chance, and see the same noise: they share one level. Of the
 * others, noise hardly ever reaches the least effect.
 */
const SHARED_BY_TAILS = LEVEL / 2;

/** Those that choose stand in the order in which they do. */
export const metrics: Readonly<Record<Metric, MetricDescription>> = {
  p99: { name: 'p99', more: 'worse', text: msText, unit: ' ms', chooses: true, level: SHARED_BY_TAILS },
  throughput: { name: 'throughput', more: 'better', text: wholeText, unit: '/s', chooses: true, level: LEVEL },
  cpu: { name: 'CPU per request', more: 'worse', text: wholeText, unit: ' µs', chooses: true, level: LEVEL },
  bystander: {
    name: 'bystander p99',
    more: 'worse',
    text: msText,
    unit: ' ms',
    chooses: true,
    level: SHARED_BY_TAILS,
  },
  p50: { name: 'p50', more: 'worse', text: msText, unit: ' ms', chooses: false, level: LEVEL },
};

export const metricNames = Object.keys(metrics) as readonly Metric[];
