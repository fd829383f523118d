import { describe, expect, it } from 'vitest';
import { parseSummary, readSummary } from '../../load/k6/summary.ts';
import { loadsProof } from '../../load/workloads/cache.ts';
import { configProof, versionsIn } from '../../load/workloads/config.ts';
import { countersProof } from '../../load/workloads/counters.ts';
import { bucketCount, bucketOf, environmentOf, outcomeOf, profileFrom } from '../../load/scenarios/profile.ts';
import {
  recordedBuckets,
  recordedMeasurement,
  recordedProfile,
  recordedStored,
  recordedSummary,
} from '../support/recorded.ts';

describe('the summary of k6', () => {
  it('is read from recorded output', () => {
    const measurement = recordedMeasurement();
    expect(measurement.e2e).toMatchObject({ count: 1_200 });
    expect(measurement.e2e!.p50).toBeGreaterThan(0);
    expect(measurement.e2e!.p99).toBeGreaterThan(measurement.e2e!.p50);
    expect(measurement.e2e!.percentiles['99.9']).toBeGreaterThan(measurement.e2e!.p99);
    expect(measurement.bystander!.count).toBe(200);
    expect(measurement.requestsMeasured).toBe(1_400);
    expect(measurement.dropped).toBe(0);
    expect(measurement.closedPerSecond).toBeGreaterThan(1_000);
    expect(recordedBuckets).toHaveLength(2);
    for (const { attempted, acknowledged, refused } of recordedBuckets) {
      expect(attempted).toBe(acknowledged);
      expect(refused).toBe(0);
    }
  });

  it('says how the measured part went on, what was within the SLO, and what a request waited for', () => {
    const { slices, thirdsP50Ms, goodputPerSecond, parts } = recordedMeasurement();
    expect(slices).toHaveLength(4);
    expect(slices.map(({ count }) => count)).toEqual([300, 300, 300, 300]);
    expect(thirdsP50Ms[0]).toBeGreaterThan(0);
    expect(goodputPerSecond).toBeGreaterThan(200);
    expect(goodputPerSecond).toBeLessThanOrEqual(300);
    expect(parts!.hold).toBeGreaterThan(0);
    expect(parts!.total).toBeGreaterThan(parts!.wait + parts!.hold);
  });

  it('is refused when k6 did not do all iterations', () => {
    const profile = { ...recordedProfile, measureSeconds: 20 };
    expect(() => readSummary(parseSummary(recordedSummary), profile)).toThrow(/k6 completed 150\d of 6300 iterations/);
  });

  it('is refused when it has another shape', () => {
    expect(() => parseSummary('{"results":[]}')).toThrow(/metrics/);
  });
});

describe('the proof of the counters', () => {
  it('holds when the stored values are the acknowledged increments', () => {
    expect(countersProof(recordedBuckets, recordedStored)).toMatchObject({ holds: true, broken: 0, unknown: 0 });
  });

  it('is not fooled by a loss in one bucket that a doubling in another makes up for', () => {
    const stored = [recordedStored[0]! - 1, recordedStored[1]! + 1];
    expect(countersProof(recordedBuckets, stored)).toMatchObject({ holds: false, broken: 2 });
  });

  it('allows for increments that had no definite answer, and no further', () => {
    const counts = [{ attempted: 12, acknowledged: 9, refused: 1, unknown: 2 }];
    expect(countersProof(counts, [8])).toMatchObject({ holds: false, broken: 1 });
    expect(countersProof(counts, [9])).toMatchObject({ holds: true, unknown: 2 });
    expect(countersProof(counts, [11])).toMatchObject({ holds: true });
    expect(countersProof(counts, [12])).toMatchObject({ holds: false, broken: 1 });
  });

  it('takes an answer for what the contract makes of it', () => {
    for (const status of [200, 204, 304]) expect(outcomeOf(status)).toBe('acknowledged');
    for (const status of [400, 404, 409, 503, 507]) expect(outcomeOf(status)).toBe('refused');
    for (const status of [0, 500, 502, 504]) expect(outcomeOf(status)).toBe('unknown');
  });

  it('counts in few buckets, however many keys there are', () => {
    expect(bucketCount(1)).toBe(1);
    expect(bucketCount(1_000)).toBe(16);
    expect(bucketOf(999, 1_000)).toBe(999 % 16);
  });
});

const proof = (acknowledged: number[], more: Partial<Parameters<typeof configProof>[0]> = {}) =>
  configProof({ acknowledged, unknown: 0, last: 4, wentBack: 0, ...more });

describe('the proof of the config', () => {
  it('holds when every write made the next version', () => {
    expect(proof([2, 3, 4])).toMatchObject({ holds: true, broken: 0 });
    expect(proof([], { last: 1 })).toMatchObject({ holds: true });
  });

  it.for([
    ['a version made twice', proof([2, 3, 3, 4])],
    ['a version that nobody made', proof([2, 4])],
    ['a version that is not there', proof([2, 3, 4, 5])],
    ['a reader given an older version', proof([2, 3, 4], { wentBack: 1 })],
  ] as const)('sees %s', ([, { holds, broken }]) => {
    expect({ holds, broken }).toMatchObject({ holds: false });
    expect(broken).toBeGreaterThan(0);
  });

  it('reads the versions that were written down, and nothing else', () => {
    expect(versionsIn(['config version 2', 'Insufficient VUs', 'config version 3', ''])).toEqual([2, 3]);
  });

  it('allows for as many versions as writes had no definite answer, and no more', () => {
    expect(proof([2, 4], { unknown: 1 }).holds).toBe(true);
    expect(proof([2], { unknown: 1 }).holds).toBe(false);
  });
});

describe('the proof of the cache', () => {
  const tallies = { attempted_cache_reads: 10, acknowledged_cache_reads: 8, refused_cache_reads: 1 };

  it('holds while the origin is asked no more often than allowed', () => {
    expect(loadsProof(tallies, [{ what: 'a load', loads: 4, allowed: 4 }])).toMatchObject({
      holds: true,
      acknowledged: 8,
      refused: 1,
      unknown: 1,
    });
  });

  it('is not fooled by one part with loads to spare', () => {
    const parts = [
      { what: 'a load', loads: 5, allowed: 4 },
      { what: 'cold keys', loads: 0, allowed: 4 },
    ];
    expect(loadsProof(tallies, parts)).toMatchObject({ holds: false, broken: 1 });
  });
});

describe('the profile in the environment', () => {
  it('arrives as it was sent', () => {
    expect(profileFrom(environmentOf(recordedProfile))).toEqual(recordedProfile);
  });

  it('is refused when a value makes no load', () => {
    expect(() => profileFrom({ RATE: '0' })).toThrow('RATE="0" must be a number of at least 1');
    expect(() => profileFrom({ KEYS: 'many' })).toThrow('KEYS="many"');
  });
});
