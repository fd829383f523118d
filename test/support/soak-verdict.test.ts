import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { GROWS, judge, type SoakSample, seriesOf } from './soak-verdict.ts';

const MIB = 2 ** 20;

interface Shape {
  readonly residentMib?: (at: number) => number;
  readonly heapMib?: (at: number) => number;
  readonly slotAt?: (at: number) => number;
}

function samples({ residentMib = () => 300, heapMib = () => 20, slotAt = () => 1 }: Shape, count = 40): SoakSample[] {
  const random = seededRandom(1);
  const noise = (): number => random() * 0.1 * MIB;
  const waits = { locksHeld: 0, locksPoisoned: 0, lockWaiters: 0, letters: 0, pins: 0 };
  return Array.from({ length: count }, (_, at) => ({
    atSeconds: 30 * at,
    residentBytes: residentMib(at) * MIB + noise(),
    waits,
    threads: [
      { thread: '0', slot: slotAt(at), heapBytes: heapMib(at) * MIB + noise(), externalBytes: MIB, handles: {} },
      { thread: 'main', slot: 0, heapBytes: 10 * MIB + noise(), externalBytes: MIB, handles: {} },
    ],
  }));
}

const verdicts = (shape: Shape, count?: number) =>
  Object.fromEntries(seriesOf(samples(shape, count)).map((series) => [series.name, judge(series).verdict]));

describe('the verdict over a soak', () => {
  it('is flat where only noise is, and after a warm-up', () => {
    const flat = { 'resident set': 'flat', 'heap of thread 0': 'flat', 'heap of main': 'flat' };
    expect(verdicts({})).toEqual(flat);
    expect(verdicts({ residentMib: (at) => Math.min(300, 200 + 8 * at) })).toEqual(flat);
  });

  it('finds memory that is never given back, in a thread and in the process', () => {
    expect(verdicts({ heapMib: (at) => 20 + at / 20 })).toMatchObject({ 'heap of thread 0': 'grows' });
    expect(verdicts({ residentMib: (at) => 300 + at / 2 })).toMatchObject({ 'resident set': 'grows' });
  });

  it('looks at the longest life of a thread, or at all where none is long', () => {
    // It leaks, and is young again when another thread comes: within the long life that shows, over all it would not.
    const leaking = { slotAt: (at: number) => (at < 30 ? 1 : 65), heapMib: (at: number) => 20 + (at % 30) / 10 };
    expect(verdicts(leaking)).toMatchObject({ 'heap of thread 0': 'grows' });
    expect(verdicts({ slotAt: (at) => 1 + 64 * at })).toMatchObject({ 'heap of thread 0, 27 lives': 'flat' });
  });

  it('says nothing of few samples, nor of much noise', () => {
    expect(verdicts({}, 9)).toMatchObject({ 'resident set': 'too few samples' });
    const random = seededRandom(2);
    expect(verdicts({ residentMib: () => 100 + 400 * random() })).toMatchObject({ 'resident set': 'noise' });
  });

  it('does not call flat what may have grown by 15 %, though it may not have grown either', () => {
    const random = seededRandom(3);
    const uncertain = { heapMib: () => 20, residentMib: (at: number) => 300 + at + 50 * random() };
    const { level, least, most, verdict } = judge(seriesOf(samples(uncertain))[0]!);
    expect(least / level).toBeLessThan(GROWS);
    expect(most / level).toBeGreaterThan(0.12);
    expect(most / level).toBeLessThan(0.18);
    expect(verdict).toBe('noise');
  });

  it('allows resident memory more than a heap', () => {
    const random = seededRandom(4);
    const restless = (level: number) => () => level * (1 + 0.14 * random());
    expect(verdicts({ heapMib: restless(20), residentMib: restless(300) })).toMatchObject({
      'resident set': 'flat',
      'heap of thread 0': 'noise',
    });
  });
});
