import { describe, expect, it } from 'vitest';
import { calibrateWith } from '../../load/calibration.ts';
import { probeOf, reasonsAgainst, searchCapacity, type Probe } from '../../load/capacity.ts';
import { K6RunError } from '../../load/errors.ts';
import { machineCpuFrom } from '../../load/machine-watch.ts';
import { serviceViewFrom } from '../../load/service-view.ts';
import { capacitiesOf } from '../../load/statistics/capacities.ts';
import { flagsOf, reasonOf } from '../../load/validity.ts';
import { recordedMeasurement, recordedProfile, recordedStored, resultOf } from '../support/recorded.ts';

const probe = (ratePerSecond: number, passes: boolean): Probe => ({
  ratePerSecond,
  p50Ms: 1,
  p99Ms: 2,
  reasons: passes ? [] : ['too much'],
  flags: [],
});

const capacityOf = (capacity: number, start = 100, limit = 2_000) =>
  searchCapacity(start, limit, async (rate) => probe(rate, rate <= capacity));

describe('the capacity search', () => {
  it.for([192, 433, 1_100, 30])('finds %i to 10 %%, from below, and confirms it', async (capacity) => {
    const { passedPerSecond, failedPerSecond, probes } = await capacityOf(capacity);
    expect(passedPerSecond!).toBeLessThanOrEqual(capacity);
    expect(failedPerSecond!).toBeGreaterThan(capacity);
    expect(failedPerSecond! / passedPerSecond!).toBeLessThanOrEqual(1.1);
    expect(probes.at(-1)).toEqual(probe(passedPerSecond!, true));
    expect(probes.filter(({ ratePerSecond }) => ratePerSecond === passedPerSecond)).toHaveLength(2);
  });

  it('climbs by half until the first failure', async () => {
    const { probes } = await capacityOf(300);
    expect(probes.slice(0, 4).map(({ ratePerSecond }) => ratePerSecond)).toEqual([100, 150, 225, 338]);
  });

  it('never goes beyond the generator, and says no more than "at least"', async () => {
    const { passedPerSecond, failedPerSecond, probes } = await capacityOf(100_000);
    expect(passedPerSecond).toBe(2_000);
    expect(failedPerSecond).toBeUndefined();
    expect(Math.max(...probes.map(({ ratePerSecond }) => ratePerSecond))).toBe(2_000);
  });

  it('gives up on a service that keeps up no rate at all', async () => {
    expect(await capacityOf(0)).toMatchObject({ passedPerSecond: undefined });
  });

  it('goes below a rate that passed once and was not confirmed', async () => {
    let lucky = true;
    const { passedPerSecond } = await searchCapacity(100, 2_000, async (rate) => {
      const passes = rate <= 200 || (rate <= 225 && lucky);
      if (rate > 200 && rate <= 225) lucky = false;
      return probe(rate, passes);
    });
    expect(passedPerSecond!).toBeLessThanOrEqual(200);
    expect(passedPerSecond!).toBeGreaterThan(150);
  });

  it('stops where the generator is late, and says no more than "at least"', async () => {
    const capacity = await searchCapacity(100, 2_000, async (rate) => ({
      ...probe(rate, true),
      generatorLate: rate > 200,
    }));
    expect(capacity).toMatchObject({
      passedPerSecond: 150,
      failedPerSecond: undefined,
      stopped: 'the generator was late',
    });
    expect(capacity.probes.map(({ ratePerSecond }) => ratePerSecond)).toEqual([100, 150, 225]);
  });

  it('stops when its time is over, with what it knows', async () => {
    let left = 4;
    const capacity = await searchCapacity(100, 2_000, async (rate) =>
      left-- > 0 ? probe(rate, rate <= 192) : undefined,
    );
    expect(capacity).toMatchObject({ passedPerSecond: 184, failedPerSecond: 225, stopped: 'its time was over' });
    expect(capacity.probes).toHaveLength(4);
  });

  it('takes a run in which the generator was late, or missed arrivals, for one that says nothing of the service', () => {
    const late = resultOf('sync-lock');
    const conditions = { ...late.measured!.conditions, lagP99Ms: 6 };
    expect(probeOf({ ...late, measured: { ...late.measured!, conditions } }).generatorLate).toBe(true);
    const missed = { ...late.measured!.conditions, unstartedShare: 0.02 };
    expect(probeOf({ ...late, measured: { ...late.measured!, conditions: missed } }).generatorLate).toBe(true);
    expect(probeOf(late).generatorLate).toBe(false);
  });

  it('is told with its range, or as at least', () => {
    const search = { workload: 'w', strategy: 's', done: true, round: 1, probes: [] };
    const one = { ...search, passedPerSecond: 180, failedPerSecond: 192 };
    expect(capacitiesOf([one])).toMatchObject([{ perSecond: 180, low: 180, high: 192, atLeast: false }]);
    const other = { ...search, passedPerSecond: 160, failedPerSecond: undefined };
    expect(capacitiesOf([one, other])).toMatchObject([
      { perSecond: 170, low: 160, high: 180, atLeast: true, searches: 2 },
    ]);
    expect(capacitiesOf([{ ...one, done: false }])).toEqual([]);
  });
});

describe('a rate', () => {
  const e2e = { ...recordedMeasurement().e2e!, p99: 20 };
  const fine = { e2e, thirdsP50Ms: [5, 6] as const };

  it('is kept up when nothing speaks against it', () => {
    expect(reasonsAgainst(resultOf('sync-lock', { measurement: fine }))).toEqual([]);
  });

  it.for([
    ['arrivals were dropped', { ...fine, dropped: 1 }, /1 arrivals dropped/],
    ['the p99 is over the SLO', { ...fine, e2e: { ...e2e, p99: 51 } }, /p99 51\.0 ms is over 50 ms/],
    ['not all were answered', { ...fine, e2e: { ...e2e, count: 1_187 } }, /not all arrivals were answered/],
    ['its queue grew', { ...fine, thirdsP50Ms: [5, 7.6] as const }, /the queue grew/],
  ] as const)('is not when %s', ([, measurement, reason]) => {
    expect(reasonsAgainst(resultOf('sync-lock', { measurement })).join()).toMatch(reason);
  });

  it('is not when the proof failed or nothing was measured', () => {
    const stored = recordedStored.map((value) => value - 1);
    expect(reasonsAgainst(resultOf('sync-lock', { measurement: fine, stored }))).toEqual(['the proof failed']);
    const { measured: _none, ...failed } = resultOf('sync-lock');
    expect(reasonsAgainst({ ...failed, error: 'k6 ended\nwith a trace' })).toEqual(['k6 ended']);
  });
});

/** A run of k6 that is on time up to some rate. */
const onTimeUpTo = (limit: number) => async (rate: number) => ({
  ...recordedMeasurement(),
  schedLagP99Ms: rate <= limit ? 0.9 : 12,
  closedPerSecond: 12_000,
});

describe('the calibration', () => {
  it('takes the highest rate at which the generator is on time', async () => {
    expect(await calibrateWith(onTimeUpTo(2_000))).toMatchObject({
      limitPerSecond: 2_000,
      reliable: true,
      ceilingPerSecond: 12_000,
    });
    const slower = await calibrateWith(onTimeUpTo(1_200));
    expect(slower).toMatchObject({ limitPerSecond: 1_000, reliable: true });
    expect(slower.tried.map(({ ratePerSecond }) => ratePerSecond)).toEqual([2_000, 2_000, 1_500, 1_500, 1_000]);
    let disturbed = true;
    const once = async (rate: number) => {
      const limit = disturbed ? 0 : 2_000;
      disturbed = false;
      return await onTimeUpTo(limit)(rate);
    };
    expect(await calibrateWith(once)).toMatchObject({ limitPerSecond: 2_000, reliable: true });
  });

  it('says so when it is late at every rate, or drops, or is cut short', async () => {
    expect(await calibrateWith(onTimeUpTo(100))).toMatchObject({ limitPerSecond: 500, reliable: false });
    const dropping = async (rate: number) => ({ ...(await onTimeUpTo(2_000)(rate)), dropped: rate > 1_000 ? 1 : 0 });
    expect(await calibrateWith(dropping)).toMatchObject({ limitPerSecond: 1_000 });
    const cut = (rate: number) =>
      rate > 1_500 ? Promise.reject(new K6RunError('cut short')) : onTimeUpTo(2_000)(rate);
    expect(await calibrateWith(cut)).toMatchObject({ limitPerSecond: 1_500 });
    expect(recordedProfile.ratePerSecond).toBeLessThan(500);
  });
});

describe('the validity gate', () => {
  const quiet = { foreignCores: 0.1, stealShare: 0.01, busyShare: 0.8, lagP99Ms: 5, unstartedShare: 0.01 };

  it('passes a quiet machine, and one that says nothing of itself', () => {
    expect(flagsOf(quiet)).toEqual([]);
    const unknown = { foreignCores: undefined, stealShare: undefined, busyShare: undefined, lagP99Ms: undefined };
    expect(flagsOf({ ...unknown, unstartedShare: 0 })).toEqual([]);
  });

  it.for([
    [{ foreignCores: 0.11 }, 'other programs ran (0.11 cores)'],
    [{ stealShare: 0.02 }, 'the hypervisor took CPU time (2.0 %)'],
    [{ busyShare: 0.81 }, 'the CPU was busy (81 %)'],
    [{ lagP99Ms: 5.1 }, 'the generator was late (5.1 ms at its p99)'],
    [{ unstartedShare: 0.02 }, 'the generator missed arrivals (2.0 %)'],
  ] as const)('flags %j', ([change, flag]) => {
    expect(flagsOf({ ...quiet, ...change })).toEqual([flag]);
    expect(reasonOf(flag)).toBe(flag.slice(0, flag.indexOf(' (')));
  });

  it('reads the machine from /proc/stat', () => {
    const stat = 'cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n';
    expect(machineCpuFrom(stat)).toEqual({ programsMs: 1_500, busyMs: 1_630, stealMs: 80, totalMs: 6_210 });
  });
});

it('the service’s own view is read from its metrics, where it has them', () => {
  const text = [
    '# HELP thread_event_loop_delay_p99_seconds How late the event loop was, in the last half minute',
    'thread_event_loop_delay_p99_seconds{thread="0"} 0.012',
    'thread_event_loop_delay_p99_seconds{thread="1"} 0.034',
    'thread_http_requests_total{thread="0"} 42',
    'thread_http_requests_total{thread="1"} 1e3',
    'http_requests_total{strategy="sharded",status="200"} 1042',
  ].join('\n');
  expect(serviceViewFrom(text)).toEqual({ eventLoopP99Ms: 34, requestsPerThread: [42, 1_000] });
  expect(serviceViewFrom('up 1\n')).toEqual({});
});
