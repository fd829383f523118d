/** The proof of a soak, in small: too short to say anything of memory, but not of answers, books, handles and waits. */
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { kept, runSoak, underLoad } from '../support/soak.ts';
import { SoakFaults, soakFaults } from '../support/soak-faults.ts';
import { SoakLoad } from '../support/soak-load.ts';

it(
  'after load and faults everything is as before, and nothing was answered wrongly',
  { timeout: 240_000 },
  async () => {
    const faultsPerSample = soakFaults.length;
    const short = { faultEveryMs: 500, capacityPerSecond: 600 };
    const run = await runSoak({ seed: 2, samples: 1, faultsPerSample, ...short });
    expect(Object.fromEntries(run.load.wrong)).toEqual({});
    expect(run.lost).toEqual([]);
    expect(run.disagreements).toEqual([]);
    expect(kept(run.end)).toEqual(kept(run.baseline));
    expect(run.exitCode).toBe(0);
    expect(run.load.answered).toBeGreaterThan(500);
    expect(run.load.faulted).toBeGreaterThan(0);
    expect(run.faults['thread-dies']).toBe(1);
    const { 'arena-full': _unlessSlow, ...others } = run.faults;
    expect(Object.values(others)).toEqual(soakFaults.slice(1).map(() => 1));
    expect(run.samples).toHaveLength(1);
    for (const { residentBytes, threads } of run.samples) {
      expect(residentBytes).toBeGreaterThan(threads.reduce((sum, { heapBytes }) => sum + heapBytes, 0));
    }
  },
);

it('ends its load, and with an error, when a fault cannot be made to happen', async () => {
  const ends: string[] = [];
  class Load extends SoakLoad {
    override async openLoop(_ratePerSecond: number, stop: AbortSignal): Promise<void> {
      await once(stop, 'abort');
      ends.push('load');
    }
  }
  class Faults extends SoakFaults {
    override meet(): Promise<void> {
      return Promise.reject(new Error('nobody died'));
    }
  }
  const load = new Load('http://127.0.0.1:9', ['none'], seededRandom(1));
  const parts = {
    url: '',
    clockSocket: '',
    token: '',
    connectionTtlMs: 1,
    strategies: ['none'],
    owned: [],
    load,
    random: seededRandom(1),
  };
  const plan = { seed: 1, samples: 1, faultsPerSample: 1, faultEveryMs: 1 };
  const loaded = { load, faults: new Faults(parts), socket: '', ratePerSecond: 1, hasOwner: false };
  await expect(underLoad(plan, loaded)).rejects.toThrow('nobody died');
  expect(ends).toEqual(['load']);
});
