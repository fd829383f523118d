import { describe, expect, it } from 'vitest';
import { agreesWith, computedQuantiles, isPoisson } from '../../load/known-queue.ts';
import { sojournQuantileMd1 } from '../../load/md1.ts';
import { recordedProfile } from '../support/recorded.ts';

const profile = { ...recordedProfile, arrivals: 'random' as const, warmupSeconds: 5, ratePerSecond: 100 };

describe('a known queue', () => {
  it('is computed for the arrivals that are sent, and is near its theory', () => {
    const { p50, p99 } = computedQuantiles({ ...profile, measureSeconds: 600 }, 5);
    expect(p50 / (5 * sojournQuantileMd1(0.5, 0.5))).toBeCloseTo(1, 1);
    expect(p99 / (5 * sojournQuantileMd1(0.5, 0.99))).toBeCloseTo(1, 1);
  });

  it('is a metronome’s where arrivals are even: nobody waits', () => {
    expect(computedQuantiles({ ...profile, arrivals: 'even', measureSeconds: 10 }, 5).p99).toBeCloseTo(5);
  });

  it('agrees within 10 % and the way there and back', () => {
    const computed = { p50: 10, p99: 60 };
    expect(agreesWith({ computed, seen: { p50: 10.9, p99: 65 } }, 0)).toBe(true);
    expect(agreesWith({ computed, seen: { p50: 11.5, p99: 65 } }, 0)).toBe(false);
    expect(agreesWith({ computed, seen: { p50: 11.5, p99: 65 } }, 1)).toBe(true);
    expect(agreesWith({ computed, seen: { p50: 10, p99: 50 } }, 1)).toBe(false); // an idle-looking lock
  });

  it('needs both the gaps and the bursts of a Poisson process', () => {
    expect(isPoisson({ count: 9_000, gapVariation: 0.99, countDispersion: 1.02 }, 60)).toBe(true);
    expect(isPoisson({ count: 9_000, gapVariation: 0.97, countDispersion: 0.6 }, 60)).toBe(false);
    expect(isPoisson({ count: 9_000, gapVariation: 0.02, countDispersion: 0.01 }, 60)).toBe(false);
  });
});
