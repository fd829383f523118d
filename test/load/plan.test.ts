import { describe, expect, it } from 'vitest';
import { planComparison, type Choice } from '../../load/plan.ts';
import { workloads } from '../../load/workloads.ts';
import { candidate, candidates } from '../support/recorded.ts';

const choice: Choice = {
  workloads: workloads.filter(({ byDefault }) => byDefault),
  strategies: [],
  rounds: 1,
  seed: 7,
  threads: 2,
};
const namesIn = (cells: readonly { candidate: { name: string } }[]) => cells.map((cell) => cell.candidate.name);

function orders(seed: number): string[] {
  return planComparison({ ...choice, rounds: 12, seed }, candidates).rounds.map((cells) => namesIn(cells).join(' '));
}

describe('the plan', () => {
  it('runs every strategy once per workload and round, but no floor', () => {
    const { rounds } = planComparison({ ...choice, rounds: 5 }, candidates);
    expect(rounds).toHaveLength(5);
    for (const cells of rounds) {
      for (const workload of choice.workloads) {
        const names = namesIn(cells.filter((cell) => cell.workload === workload));
        expect(names.sort()).toEqual(['async-lock', 'single-thread', 'sync-lock', 'unguarded']);
      }
    }
  });

  it('shuffles each round by the seed, and repeats itself for the same seed', () => {
    expect(orders(7)).toEqual(orders(7));
    expect(orders(7)).not.toEqual(orders(8));
    expect(new Set(orders(7)).size).toBeGreaterThan(6);
  });

  it('picks up a new line of the registry, and leaves out what does not serve the resource', () => {
    const registry = [
      ...candidates,
      candidate('sharded', 'strategy'),
      candidate('config-only', 'strategy', { unsupported: { counters: 'it has none' } }),
    ];
    const names = namesIn(planComparison(choice, registry).rounds[0]!);
    expect(names).toContain('sharded');
    expect(names).not.toContain('config-only');
  });

  it('adds the control to whatever is named, and a floor that is named', () => {
    const { rounds } = planComparison({ ...choice, strategies: ['atomic', 'sync-lock'] }, candidates);
    expect(new Set(namesIn(rounds[0]!))).toEqual(new Set(['atomic', 'sync-lock', 'unguarded']));
  });

  it('gives a strategy the threads it needs, and the others those that were asked for', () => {
    const cells = planComparison({ ...choice, threads: 4 }, candidates).rounds[0]!;
    for (const cell of cells) expect(cell.threads).toBe(cell.candidate.name === 'single-thread' ? 1 : 4);
  });

  it('measures long enough for a p99 of increments and of the bystander, within two minutes', () => {
    const plan = planComparison(choice, candidates);
    expect(plan.estimatedSeconds).toBeLessThan(120);
    for (const { profile } of plan.rounds.flat()) {
      expect(profile.ratePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
      expect(profile.bystanderRatePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
    }
  });

  it('spreads the increments over as many keys as the workload says', () => {
    for (const { profile, workload } of planComparison(choice, candidates).rounds.flat()) {
      expect(profile.keys).toBe(workload.keys);
    }
  });

  it('takes rate, duration and keys from the flags', () => {
    const plan = planComparison({ ...choice, ratePerSecond: 50, measureSeconds: 2, keys: 3 }, candidates);
    expect(plan.rounds[0]![0]!.profile).toMatchObject({
      ratePerSecond: 50,
      measureSeconds: 2,
      bystanderRatePerSecond: 505,
      keys: 3,
    });
  });
});
