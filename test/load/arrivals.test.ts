import { quantileSorted } from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import { sojournQuantileMd1 } from '../../load/md1.ts';
import {
  countDispersion,
  drawArrivals,
  gapVariation,
  leadSecondsOf,
  mostAsleep,
  type ArrivalOptions,
} from '../../load/scenarios/arrivals.ts';
import { scheduleOf } from '../../load/scenarios/durations.ts';
import { sentLine, sentTimesIn } from '../../load/scenarios/profile.ts';
import { neededWindowSeconds } from '../../load/window.ts';
import { seededRandom } from '../../load/seeded-random.ts';
import { recordedProfile } from '../support/recorded.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
const options: ArrivalOptions = { kind: 'random', ratePerSecond: 150, partsSeconds: [2, 60], seed: 1 };

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('random arrivals', () => {
  it('are as many as the rate says in each part, ascending, within their part', () => {
    for (const seed of SEEDS) {
      const due = drawArrivals({ ...options, seed });
      expect(due.filter((at) => at < 2)).toHaveLength(300);
      expect(due).toHaveLength(300 + 9_000);
      expect(due).toEqual(due.toSorted((a, b) => a - b));
      expect(due.at(-1)!).toBeLessThan(62);
    }
  });

  it('are the same for the same seed, and others for another', () => {
    expect(drawArrivals(options)).toEqual(drawArrivals(options));
    expect(drawArrivals(options)).not.toEqual(drawArrivals({ ...options, seed: 2 }));
  });

  it('have the gaps and the bursts of a Poisson process, within 10 %', () => {
    const variations = SEEDS.map((seed) => gapVariation(drawArrivals({ ...options, seed })));
    const dispersions = SEEDS.map((seed) => countDispersion(drawArrivals({ ...options, seed }), 0, 62));
    expect(Math.abs(mean(variations) - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(dispersions) - 1)).toBeLessThan(0.1);
  });

  it('are told from even arrivals that were only displaced: their gaps pass, their bursts do not', () => {
    const random = seededRandom(1);
    const displaced = drawArrivals({ ...options, kind: 'even' })
      .map((at) => at + random() / 2)
      .sort((a, b) => a - b);
    expect(gapVariation(displaced)).toBeGreaterThan(0.9);
    expect(countDispersion(displaced, 0, 62)).toBeLessThan(0.8);
  });

  it('none is due before an even dispatcher has started its iteration, and no more sleep than is said', () => {
    for (const seed of SEEDS) {
      const due = drawArrivals({ ...options, partsSeconds: [2], seed });
      const lead = leadSecondsOf(due, 150);
      const started = due.map((_, index) => index / 150);
      expect(due.every((at, index) => at + lead > started[index]!)).toBe(true);
      const asleep = started.map((now, index) => due.slice(0, index + 1).filter((at) => at + lead > now).length);
      expect(mostAsleep(due, 150, lead)).toBe(Math.max(...asleep));
    }
  });
});

describe('even arrivals', () => {
  it('are a metronome', () => {
    const due = drawArrivals({ ...options, kind: 'even' });
    expect(due).toHaveLength(9_300);
    expect(gapVariation(due)).toBeLessThan(0.01);
    expect(countDispersion(due, 0, 62)).toBeLessThan(0.05);
  });
});

describe('the schedule of a run', () => {
  const profile = { ...recordedProfile, arrivals: 'random' as const, arrivalSeed: 4 };

  it('puts requests and probes off together, and gives the probe arrivals of its own', () => {
    const { leadSeconds, open, bystander } = scheduleOf(profile);
    expect(leadSeconds).toBeGreaterThanOrEqual(leadSecondsOf(open.dueSeconds, profile.ratePerSecond));
    expect(leadSeconds).toBeGreaterThanOrEqual(leadSecondsOf(bystander.dueSeconds, profile.bystanderRatePerSecond));
    expect(open.dueSeconds).toHaveLength(1_500);
    expect(bystander.dueSeconds).toHaveLength(50 * (1 + 4 + 1.5)); // to the end of the closed loop
    expect(open.dueSeconds).not.toContain(bystander.dueSeconds[0]);
  });

  it('depends on nothing but the round: strategies of a round meet the same arrivals', () => {
    expect(scheduleOf(profile)).toEqual(scheduleOf({ ...profile, seed: 99, keys: 7 }));
    expect(scheduleOf(profile)).not.toEqual(scheduleOf({ ...profile, arrivalSeed: 5 }));
  });

  it('reads back when requests were sent, whatever else a script writes', () => {
    expect(sentTimesIn([sentLine(2.5), 'config version 7', '', sentLine(1.25)])).toEqual([1.25, 2.5]);
  });
});

const CAPACITY_PER_SECOND = 183;

/** One server, every request as long as the other: sojourn times in service times, of the arrivals behind the warm-up. */
function simulated(load: number, windowSeconds: number, seed: number): number[] {
  const ratePerSecond = load * CAPACITY_PER_SECOND;
  const warmupSeconds = windowSeconds / 10;
  const due = drawArrivals({ kind: 'random', ratePerSecond, partsSeconds: [warmupSeconds, windowSeconds], seed });
  let freeAt = 0;
  return due
    .flatMap((at) => {
      freeAt = Math.max(freeAt, at) + 1 / CAPACITY_PER_SECOND;
      return at < warmupSeconds ? [] : [(freeAt - at) * CAPACITY_PER_SECOND];
    })
    .sort((a, b) => a - b);
}

describe('a known queue (M/D/1)', () => {
  // Of the theory itself: LOAD-METHOD's 66.7 ms at 150/s of 183/s, and 139 ms at 0.9.
  it.each([
    [150 / 183, 66.7],
    [0.9, 139],
  ])('at %d of its capacity has the p99 of the literature', (load, ms) => {
    const computedMs = (sojournQuantileMd1(load, 0.99) * 1000) / CAPACITY_PER_SECOND;
    expect(Math.abs(computedMs / ms - 1)).toBeLessThan(0.1);
  });

  it.each([0.5, 0.82, 0.9])('is seen as it is at %d of its capacity, in windows as long as is asked for', (load) => {
    const windowSeconds = neededWindowSeconds(load * CAPACITY_PER_SECOND, CAPACITY_PER_SECOND);
    const runs = SEEDS.map((seed) => simulated(load, windowSeconds, seed));
    for (const quantile of [0.5, 0.99]) {
      const seen = mean(runs.map((run) => quantileSorted(run, quantile)));
      expect(Math.abs(seen / sojournQuantileMd1(load, quantile) - 1)).toBeLessThan(0.1);
    }
  });
});

describe('the window that a p99 needs', () => {
  it('is a minute at 150/s of 183/s, four at 0.9, and without end at the capacity', () => {
    expect(neededWindowSeconds(150, 183)).toBeCloseTo(61, 0);
    expect(neededWindowSeconds(0.9 * 183, 183)).toBeGreaterThan(200);
    expect(neededWindowSeconds(183, 183)).toBe(86_400);
    expect(neededWindowSeconds(1_000, 8_400)).toBeLessThan(0.1);
  });
});
