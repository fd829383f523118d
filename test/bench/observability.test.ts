import { expect, it } from 'vitest';
import type { Measurement } from '../../bench/http/measure.ts';
import { debug, loads, off, on, summarize } from '../../bench/observability/suite.ts';

function measurement(perSecond: number): Measurement {
  const counted = { requests: 1_000, seconds: 1, non2xx: 0, socketErrors: 0 };
  return { ...counted, perSecond, cpuUsPerRequest: 2e6 / perSecond, generatorCores: 0.5, serverCores: 2 };
}

it('tells what is left of throughput and of CPU time, and wants nine tenths with metrics and log', () => {
  const speeds = new Map([
    [off, [100, 200]],
    [on, [95, 180]],
    [debug, [50, 80]],
  ]);
  const bySubject = new Map([...speeds].map(([subject, values]) => [subject, values.map(measurement)]));
  const { ratios } = summarize(new Map(loads.map((load) => [load, bySubject])), { name: 'wrk', version: '4' }, []);
  expect(ratios).toHaveLength(8);
  for (const { name, values, goal } of ratios) {
    const isDebug = name.includes(debug.name);
    const wanted = isDebug ? [0.5, 0.4] : [0.95, 0.9];
    expect(goal).toBe(isDebug ? undefined : 0.9);
    for (const [round, value] of values.entries()) expect(value).toBeCloseTo(wanted[round]!);
  }
});
