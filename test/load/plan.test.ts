import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../load/command-line.ts';
import { mostSearchSeconds, planComparison, type Choice } from '../../load/plan.ts';
import { profiles } from '../../load/profiles.ts';
import { registry } from '../../load/registry.ts';
import { workloads } from '../../load/workloads/index.ts';
import { candidate, candidates } from '../support/recorded.ts';

const [quick] = profiles;
const choice: Choice = {
  profile: quick!,
  workloads: workloads.filter((workload) => workload.profiles.includes('quick')),
  strategies: [],
  origin: 'embedded',
  arrivals: 'random',
  sloMs: 50,
  rounds: 1,
  capacitySearches: 0,
  seed: 7,
  threads: 2,
};
const namesIn = (cells: readonly { candidate: { name: string } }[]) => cells.map((cell) => cell.candidate.name);

function orders(seed: number): string[] {
  return planComparison({ ...choice, rounds: 12, seed }, candidates).rounds.map((cells) => namesIn(cells).join(' '));
}

describe('the plan', () => {
  it('runs every strategy once per workload and round, the control in the first one, and no floor', () => {
    const { rounds } = planComparison({ ...choice, rounds: 5 }, candidates);
    expect(rounds).toHaveLength(5);
    for (const [index, cells] of rounds.entries()) {
      for (const workload of choice.workloads) {
        const names = namesIn(cells.filter((cell) => cell.workload === workload));
        const control = index === 0 ? ['unguarded'] : [];
        expect(names.sort()).toEqual(['async-lock', 'single-thread', 'sync-lock', ...control]);
      }
    }
  });

  it('shuffles each round by the seed, and repeats itself for the same seed', () => {
    expect(orders(7)).toEqual(orders(7));
    expect(orders(7)).not.toEqual(orders(8));
    expect(new Set(orders(7)).size).toBeGreaterThan(6);
  });

  it('picks up a new line of the registry, and leaves out what does not serve the resource', () => {
    const more = [
      ...candidates,
      candidate('sharded', 'strategy'),
      candidate('config-only', 'strategy', { resources: ['config'] }),
    ];
    const names = namesIn(planComparison(choice, more).rounds[0]!);
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

  it('measures long enough for a p99 of increments and of the bystander, within three minutes', () => {
    const five = ['sharded', 'actor', 'snapshot'].map((name) => candidate(name, 'strategy'));
    const plan = planComparison(choice, [...candidates, ...five]);
    expect(plan.estimatedSeconds).toBeLessThanOrEqual(180);
    const shown = plan.rounds.flat().filter(({ candidate: { kind } }) => kind !== 'control');
    for (const { profile } of shown) {
      expect(profile.ratePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
      expect(profile.bystanderRatePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
    }
  });

  it('gives all strategies of a round the same arrivals, and each round others', () => {
    const { rounds } = planComparison({ ...choice, rounds: 3 }, candidates);
    const seeds = rounds.map((cells) => [...new Set(cells.map(({ profile }) => profile.arrivalSeed))]);
    for (const ofRound of seeds) expect(ofRound).toHaveLength(1);
    expect(new Set(seeds.flat()).size).toBe(3);
    for (const { profile } of rounds.flat()) expect(profile.arrivals).toBe('random');
    const even = planComparison({ ...choice, arrivals: 'even' }, candidates).rounds.flat();
    for (const { profile } of even) expect(profile.arrivals).toBe('even');
  });

  it('measures a strategy that queues for as long as its p99 needs, except in quick', () => {
    const writeThrough = workloads.filter(({ name }) => name === 'counters-write-through');
    const windowIn = (profile: (typeof profiles)[number], more: Partial<Choice> = {}) =>
      planComparison({ ...choice, profile, workloads: writeThrough, ...more }, candidates).rounds[0]!.find(
        ({ candidate: { name } }) => name === 'async-lock',
      )!.profile.measureSeconds;
    expect(windowIn(profiles[1]!)).toBeGreaterThanOrEqual(60);
    expect(windowIn(quick!)).toBeLessThan(10);
    expect(windowIn(profiles[1]!, { ratePerSecond: 182 })).toBeLessThan(60); // none would be long enough
    expect(windowIn(profiles[1]!, { measureSeconds: 3 })).toBe(3);
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

  it('measures whoever has all resources without HTTP, in each round of standard and in orders of their own', () => {
    const whole = { resources: ['counters', 'cache', 'connections', 'config'] };
    const able = ['a', 'b', 'c', 'd'].map((name) => candidate(name, 'strategy', whole));
    const offered = [
      ...able,
      candidate('counts only', 'baseline'),
      candidate('far', 'baseline', { needs: 'redis', ...whole }),
    ];
    const { inProcess } = planComparison({ ...choice, profile: profiles[1]!, rounds: 6 }, offered);
    const names = inProcess.map((round) => round.map(({ name }) => name));
    expect(names.map((round) => round.toSorted())).toEqual(Array.from({ length: 6 }, () => ['a', 'b', 'c', 'd']));
    expect(new Set(names.map((round) => round.join(' '))).size).toBeGreaterThan(1);
    expect(planComparison(choice, offered).inProcess).toEqual([]);
  });

  it('offers what needs Redis only with Redis', () => {
    const withRedis = [...candidates, candidate('redis-direct', 'baseline', { needs: 'redis' })];
    expect(namesIn(planComparison(choice, withRedis).rounds[0]!)).not.toContain('redis-direct');
    expect(namesIn(planComparison({ ...choice, origin: 'redis' }, withRedis).rounds[0]!)).toContain('redis-direct');
    expect(() => planComparison({ ...choice, strategies: ['redis-direct'] }, withRedis)).toThrow(
      '--strategy "redis-direct" needs --origin redis',
    );
  });

  it.each(['embedded', 'redis'])('takes at most an hour in the standard profile: %s', (origin) => {
    const known = { workloads, registry };
    const { choice: standardChoice } = parseCommandLine(['--profile', 'standard', '--origin', origin], known);
    const { estimatedSeconds, repeatSeconds, rounds } = planComparison(standardChoice, registry);
    expect(rounds).toHaveLength(6);
    expect((estimatedSeconds + repeatSeconds) / 60).toBeLessThanOrEqual(60);
    const shown = rounds.flat().filter(({ candidate: { kind } }) => kind !== 'control');
    for (const { profile } of shown) {
      expect(profile.ratePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
      expect(profile.bystanderRatePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
    }
  });

  it('takes all strategies of full to the same rates, for curves that can be laid over each other', () => {
    const full = profiles.find(({ name }) => name === 'full')!;
    const { curves } = planComparison({ ...choice, profile: full, rounds: 1 }, candidates);
    const rates = Map.groupBy(curves, ({ workload, candidate: { name } }) => `${workload.name} ${name}`);
    for (const own of rates.values()) {
      const { workload } = own[0]!;
      const shares = own.map(({ profile }) => profile.ratePerSecond / workload.ratePerSecond);
      expect(Math.min(...shares)).toBeLessThan(0.5);
      expect(new Set(shares).size).toBe(4);
      for (const { profile, cost } of own) {
        expect(profile.ratePerSecond * profile.measureSeconds).toBeGreaterThanOrEqual(1_000);
        expect({ closed: profile.closedSeconds, cost }).toEqual({ closed: 0, cost: undefined });
      }
    }
    expect(new Set([...rates.keys()].map((key) => key.split(' ')[1])).size).toBeGreaterThan(2);
    expect(planComparison(choice, candidates).curves).toEqual([]);
  });

  it('sweeps threads, but not of what needs a single one', () => {
    const sweep = { name: 'threads', values: [1, 2, 4] } as const;
    const cells = planComparison({ ...choice, sweep }, candidates).rounds[0]!;
    const points = (name: string) =>
      new Set(cells.filter((cell) => cell.candidate.name === name).map(({ threads, point }) => `${threads} ${point}`));
    expect(points('sync-lock')).toEqual(new Set(['1 1', '2 2', '4 4']));
    expect(points('single-thread')).toEqual(new Set(['1 1']));
  });

  it('sweeps the time held, of everything but the control', () => {
    const sweep = { name: 'hold-us', values: [0, 500] } as const;
    const cells = planComparison({ ...choice, sweep, workloads: choice.workloads.slice(0, 1) }, candidates).rounds[0]!;
    const held = (name: string) =>
      cells.filter((cell) => cell.candidate.name === name).map(({ environment }) => environment['HOLD_US']);
    expect(new Set(held('single-thread'))).toEqual(new Set(['0', '500']));
    expect(held('unguarded')).toEqual(['0']);
  });

  it('searches the capacity of everything but the control, once per search', () => {
    const { searches } = planComparison({ ...choice, capacitySearches: 2 }, candidates);
    expect(searches).toHaveLength(2 * choice.workloads.length * 3);
    expect(namesIn(searches)).not.toContain('unguarded');
  });

  it('keeps a search to what was announced for it, by half as much again', () => {
    const plain = planComparison({ ...choice, capacitySearches: 0 }, candidates).estimatedSeconds;
    const { searches, estimatedSeconds } = planComparison({ ...choice, capacitySearches: 2 }, candidates);
    const most = searches.reduce((total, cell) => total + mostSearchSeconds(cell), 0);
    expect(most).toBeCloseTo(1.5 * (estimatedSeconds - plain), 5);
  });

  it('tries one strategy under two names, without a control', () => {
    const aa = planComparison({ ...choice, trial: 'aa', strategies: ['async-lock'] }, candidates);
    expect(aa.candidates.map(({ name, strategy }) => [name, strategy])).toEqual([
      ['async-lock A', 'async-lock'],
      ['async-lock B', 'async-lock'],
    ]);
    const slowed = planComparison({ ...choice, trial: 'slowed' }, candidates);
    const setOf = (name: string) => new Map(slowed.candidates.map((own) => [own.name, own.environment?.[name]]));
    expect([...setOf('ORIGIN_LATENCY_MS')].filter(([, value]) => value !== undefined)).toEqual([
      ['sync-lock slowed', '6'],
    ]);
    expect([...setOf('HOLD_US')].filter(([, value]) => value !== undefined)).toEqual([
      ['sync-lock burning 1 µs', '1'],
      ['sync-lock burning 3 µs', '3'],
      ['sync-lock burning 6 µs', '6'],
      ['sync-lock burning 12 µs', '12'],
    ]);
  });
});
