import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { costSettings } from '../../load/cell.ts';
import { parseCommandLine } from '../../load/command-line.ts';
import { cpuMsFromSchedstat, readFineCpuMs } from '../../load/cpu-time.ts';
import { generatorShareOf, measureCost, secondsFor } from '../../load/cost.ts';
import { startOrigin } from '../../load/origin.ts';
import { planComparison } from '../../load/plan.ts';
import { profiles } from '../../load/profiles.ts';
import { registry } from '../../load/registry.ts';
import { localHost } from '../../load/service-host.ts';
import { workloads } from '../../load/workloads/index.ts';

const fakeService = fileURLToPath(new URL('../support/fake-service.ts', import.meta.url));
const sizes = { warmupRequests: 1, requests: 1, mostSeconds: 1 };

describe('the settled cost of a request', () => {
  it('is over twenty thousand requests in standard, behind eight thousand that warm the code', () => {
    for (const { cost } of profiles.slice(1)) {
      expect(cost.warmupRequests).toBeGreaterThanOrEqual(8_000);
      expect(cost.requests).toBeGreaterThanOrEqual(20_000);
      for (const perSecond of [4_000, 10_000, 60_000]) {
        expect(secondsFor(cost, perSecond) * perSecond).toBeGreaterThanOrEqual(cost.requests);
      }
      expect(secondsFor(cost, 1)).toBe(cost.mostSeconds);
    }
  });

  it('has requests of every workload, none of which waits for an origin', () => {
    const empty = workloads.filter(({ keys, cost }) => cost.requests('/v1/sync-lock', keys).length === 0);
    expect(empty).toEqual([]);
    const stored = workloads.filter(
      ({ name, environment, cost }) =>
        name.startsWith('counters') && { ...environment, ...cost.environment }['WRITE_THROUGH'] === 'on',
    );
    expect(stored).toEqual([]);
  });

  it('is that of a strategy which burns CPU, also where the workload’s own holding is turned off', () => {
    const args = ['--slowed', '--workload', 'counters-held'];
    const { rounds } = planComparison(parseCommandLine(args, { workloads, registry }).choice, registry);
    const held = new Set(rounds.flat().map((cell) => costSettings(cell)['HOLD_US']));
    expect(held).toEqual(new Set(['0', '1', '3', '6', '12']));
  });

  it('is measured on a service, and what was sent is counted', { timeout: 60_000 }, async () => {
    const signal = AbortSignal.timeout(50_000);
    await using host = localHost(fakeService, await startOrigin('embedded', signal));
    await using service = await host.start({ strategy: 'sync-lock', threads: 1, environment: {} }, signal);
    const increment = { method: 'POST', path: '/v1/sync-lock/counters/key-0/increment' } as const;
    const cost = await measureCost(service, [increment], sizes, signal);
    const stored = (await (await fetch(`${service.url}/v1/sync-lock/counters/key-0`)).json()) as { value: number };
    expect(stored.value).toBeGreaterThanOrEqual(cost.requests + cost.warmupRequests);
    expect(cost.perSecond).toBeGreaterThan(0);
    const { cpuUsPerRequest = 1, generatorShare = 0.5 } = cost; // not every system says
    expect(cpuUsPerRequest).toBeGreaterThan(0);
    expect(generatorShare).toBeGreaterThan(0);
    expect(generatorShare).toBeLessThan(1);
  });

  it('is refused where answers were errors', { timeout: 60_000 }, async () => {
    const signal = AbortSignal.timeout(50_000);
    await using host = localHost(fakeService, await startOrigin('embedded', signal));
    await using service = await host.start({ strategy: 'sync-lock', threads: 1, environment: {} }, signal);
    const missing = [{ method: 'GET', path: '/nowhere' } as const];
    await expect(measureCost(service, missing, sizes, signal)).rejects.toThrow(/of \d+ answers \d+ were errors/u);
  });

  it('counts CPU time in nanoseconds where the system does', async () => {
    expect(cpuMsFromSchedstat('1234567 890 12\n')).toBeCloseTo(1.234567);
    const before = await readFineCpuMs(process.pid);
    let spun = 0;
    for (let time = 0; time < 1e6; time++) spun += Math.sqrt(time);
    expect(spun).toBeGreaterThan(0);
    expect(await readFineCpuMs(process.pid)).toBeGreaterThan(before);
  });

  it('says how much of the CPU time was the generator’s, and nothing where that is unknown', () => {
    expect(generatorShareOf(undefined)).toBeUndefined();
    const use = { serviceCpuMs: 20, foreignCores: 0, stealShare: 0, busyShare: 0 };
    expect(generatorShareOf(use)).toBeUndefined();
    expect(generatorShareOf({ ...use, generatorCpuMs: 60 })).toBe(0.75);
  });
});
