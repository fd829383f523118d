import { describe, expect, it } from 'vitest';
import { parseSummary, readSummary } from '../../load/k6/summary.ts';
import { proofOf } from '../../load/proof.ts';
import { bucketCount, bucketOf, environmentOf, outcomeOf, profileFrom } from '../../load/scenarios/profile.ts';
import { recordedMeasurement, recordedProfile, recordedStored, recordedSummary } from '../support/recorded.ts';

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
    expect(measurement.buckets).toHaveLength(2);
    for (const { attempted, acknowledged, refused } of measurement.buckets) {
      expect(attempted).toBe(acknowledged);
      expect(refused).toBe(0);
    }
  });

  it('is refused when k6 did not do all iterations', () => {
    const profile = { ...recordedProfile, measureSeconds: 20 };
    expect(() => readSummary(parseSummary(recordedSummary), profile)).toThrow(/k6 completed 150\d of 6300 iterations/);
  });

  it('is refused when it has another shape', () => {
    expect(() => parseSummary('{"results":[]}')).toThrow(/metrics/);
  });
});

describe('the proof', () => {
  const { buckets } = recordedMeasurement();

  it('holds when the stored values are the acknowledged increments', () => {
    expect(proofOf(buckets, recordedStored)).toMatchObject({ holds: true, lost: 0, extra: 0, unknown: 0 });
  });

  it('is not fooled by a loss in one bucket that a doubling in another makes up for', () => {
    const stored = [recordedStored[0]! - 1, recordedStored[1]! + 1];
    expect(proofOf(buckets, stored)).toMatchObject({ holds: false, lost: 1, extra: 1 });
  });

  it('allows for increments that had no definite answer, and no further', () => {
    const counts = [{ attempted: 12, acknowledged: 9, refused: 1 }];
    expect(proofOf(counts, [8])).toMatchObject({ holds: false, lost: 1 });
    expect(proofOf(counts, [9])).toMatchObject({ holds: true, unknown: 2 });
    expect(proofOf(counts, [11])).toMatchObject({ holds: true });
    expect(proofOf(counts, [12])).toMatchObject({ holds: false, extra: 1 });
  });

  it('takes an answer for what the contract makes of it', () => {
    for (const status of [200, 204]) expect(outcomeOf(status)).toBe('acknowledged');
    for (const status of [400, 404, 409, 503, 507]) expect(outcomeOf(status)).toBe('refused');
    for (const status of [0, 500, 502, 504]) expect(outcomeOf(status)).toBe('unknown');
  });

  it('counts in few buckets, however many keys there are', () => {
    expect(bucketCount(1)).toBe(1);
    expect(bucketCount(1_000)).toBe(16);
    expect(bucketOf(999, 1_000)).toBe(999 % 16);
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
