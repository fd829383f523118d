import { describe, expect, it } from 'vitest';
import { Crew } from '../support/crew.ts';
import { LOCK_JOBS } from './lock-jobs.ts';

describe.each([2, 4])('%i real threads', (threads) => {
  it('count under the blocking mutex and lose nothing', async () => {
    const rounds = 100_000;
    await using crew = new Crew({ locks: 1 });
    await crew.all(threads, LOCK_JOBS, 'countSync', { rounds });
    expect(countOf(crew)).toBe(threads * rounds);
  });

  it.each([1, 2, 3])('count under the asynchronous mutex, with aborts at random moments, seed %i', async (seed) => {
    await using crew = new Crew({ locks: 1 });
    const params = { rounds: 300, tasks: 8, abortEvery: 3, seed };
    const counted = (await crew.all(threads, LOCK_JOBS, 'countAsync', params)) as number[];
    expect(countOf(crew)).toBe(counted.reduce((sum, count) => sum + count));
    expect([...crew.memory.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it.each([4, 5])(
    'count while event loops stand still and others take back what they were handed, seed %i',
    async (seed) => {
      await using crew = new Crew({ locks: 1 });
      const params = { rounds: 100, tasks: 4, abortEvery: 10, busyEvery: 20, seed };
      const counted = (await crew.all(threads, LOCK_JOBS, 'countAsync', params)) as number[];
      expect(countOf(crew)).toBe(counted.reduce((sum, count) => sum + count));
      expect([...crew.memory.locks.subarray(0, 6)].filter((_, word) => word !== 3)).toEqual([0, 0, 0, 0, 0]);
    },
  );

  it('take turns: nobody waits long for a mutex that others want as well', async () => {
    await using crew = new Crew({ locks: 1 });
    const longest = (await crew.all(threads, LOCK_JOBS, 'longestWait', { rounds: 300 })) as number[];
    expect(Math.max(...longest)).toBeLessThan(1_000);
  });
});

function countOf(crew: Crew): number {
  return new Float64Array(crew.memory.data)[0]!;
}
