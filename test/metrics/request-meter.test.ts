import { expect, it } from 'vitest';
import { RequestMeter } from '../../src/metrics/request-meter.ts';

const metersOf = (threads: number): RequestMeter[] => {
  const memory = new SharedArrayBuffer(RequestMeter.bytes(threads));
  return Array.from({ length: threads }, (_, position) => new RequestMeter(memory, position));
};

it('adds up what every thread counted, whichever is asked', () => {
  const meters = metersOf(3);
  for (const [position, meter] of meters.entries()) {
    for (let time = 0; time <= position; time++) meter.record(7, 200, 1.5);
    meter.record(7, 503, 7_000);
    meter.record(8, 204, 0.5);
  }
  for (const meter of meters) {
    const { byStatus, count, sumMs } = meter.totals(7);
    expect([...byStatus]).toEqual([
      [200, 6],
      [503, 3],
    ]);
    expect([count, sumMs]).toEqual([9, 6 * 1.5 + 3 * 7_000]);
    expect(meter.totals(9).count).toBe(0);
    expect(meter.perThread()).toEqual([3, 4, 5]);
  }
});

it('has cumulative buckets whose bounds are inclusive', () => {
  const [meter] = metersOf(1);
  for (const elapsedMs of [0, 0.5, 0.51, 1, 5_000, 5_001]) meter!.record(1, 200, elapsedMs);
  const { buckets, count } = meter!.totals(1);
  const upTo = (wanted: number) => buckets.find(({ upToMs }) => upToMs === wanted)!.count;
  expect([upTo(0.5), upTo(1), upTo(1_000), upTo(5_000), count]).toEqual([2, 4, 4, 5, 6]);
});

it('loses no request with an unknown status or beyond the routes it has room for', () => {
  const [meter] = metersOf(1);
  meter!.record(1, 418, 1);
  meter!.record(100_000, 200, 1);
  expect([...meter!.totals(1).byStatus]).toEqual([[0, 1]]);
  expect(meter!.totals(0).count).toBe(1);
});
