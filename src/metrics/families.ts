/** Metric families in the form that prom-client adds up and prints. */
import { AggregatorRegistry } from 'prom-client';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of a histogram: with its suffix. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
}

export function counter(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'counter', values };
}

export function gauge(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'gauge', values };
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The text that Prometheus scrapes. */
export async function textOf(families: readonly Family[]): Promise<string> {
  return AggregatorRegistry.aggregate([families.map((family) => ({ ...family, aggregator: 'first' }))]).metrics();
}
