import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cpuMsBetween, cpuMsFromPs, cpuMsFromStat } from '../../load/cpu-time.ts';
import { listeningUrl, serviceEnvironment, startService, type ServiceOptions } from '../../load/service.ts';
import { childrenOf } from '../support/processes.ts';
import { readStored } from '../../load/workloads/counters.ts';

const entry = fileURLToPath(new URL('../support/fake-service.ts', import.meta.url));
const options = (more: Partial<ServiceOptions> = {}): ServiceOptions => ({
  entry,
  strategy: 'sync-lock',
  threads: 2,
  signal: new AbortController().signal,
  ...more,
});

const exists = (pid: number) => childrenOf(process.pid).includes(pid);

afterEach(() => vi.unstubAllEnvs());

describe('the service starter', () => {
  it('returns when the service is ready, and leaves no process', async () => {
    const service = await startService(options());
    const response = await fetch(`${service.url}/v1/sync-lock/counters/key-0/increment`, { method: 'POST' });
    expect(await response.json()).toEqual({ key: 'key-0', value: 1 });
    const target = { baseUrl: service.url, strategy: 'sync-lock', keys: 3, environment: {} };
    expect(await readStored({ ...target, signal: AbortSignal.timeout(5_000) })).toEqual([1, 0, 0]);
    expect(exists(service.pid)).toBe(true);
    await service.stop();
    expect(exists(service.pid)).toBe(false);
  });

  it('says why a service did not start, in its own words', async () => {
    vi.stubEnv('FAKE', 'crashes');
    await expect(startService(options())).rejects.toThrow(
      /did not start with STRATEGIES=sync-lock: it ended with code 2\nTHREADS=0 is below 1/,
    );
  });

  it('gives up on a service that never gets ready, and ends it', async () => {
    vi.stubEnv('FAKE', 'never-ready');
    const before = childrenOf(process.pid);
    await expect(startService(options({ startTimeoutMs: 600 }))).rejects.toThrow('it was not ready within 600 ms');
    expect(childrenOf(process.pid).filter((pid) => !before.includes(pid))).toEqual([]);
  });

  it('kills a service that ignores SIGTERM, and says so', async () => {
    vi.stubEnv('FAKE', 'ignores-sigterm');
    const service = await startService(options({ stopTimeoutMs: 100 }));
    await expect(service.stop()).rejects.toThrow('the service ignored SIGTERM; it was killed');
    expect(exists(service.pid)).toBe(false);
  });

  it('ends the service when the start is interrupted', async () => {
    vi.stubEnv('FAKE', 'never-ready');
    const controller = new AbortController();
    const before = childrenOf(process.pid);
    const starting = startService(options({ signal: controller.signal }));
    await vi.waitFor(() => expect(childrenOf(process.pid).length).toBeGreaterThan(before.length));
    controller.abort(new Error('interrupted by SIGINT'));
    await expect(starting).rejects.toThrow('interrupted by SIGINT');
    expect(childrenOf(process.pid).filter((pid) => !before.includes(pid))).toEqual([]);
  });

  it('keeps what would make runs differ out of the environment', () => {
    vi.stubEnv('REDIS_URL', 'redis://elsewhere');
    const environment = serviceEnvironment(options({ environment: { WRITE_THROUGH: 'on' }, threads: 4 }));
    expect(environment).toMatchObject({ PORT: '0', THREADS: '4', STRATEGIES: 'sync-lock', WRITE_THROUGH: 'on' });
    expect(environment).not.toHaveProperty('REDIS_URL');
  });

  it('gives every service on the comparison’s Redis a namespace of its own', () => {
    const one = serviceEnvironment(options({ redisUrl: '/tmp/redis.sock' }));
    const other = serviceEnvironment(options({ redisUrl: '/tmp/redis.sock' }));
    expect(one['REDIS_URL']).toBe('/tmp/redis.sock');
    expect(one['REDIS_NAMESPACE']).not.toBe(other['REDIS_NAMESPACE']);
  });

  it('knows the start-up line by its url', () => {
    expect(listeningUrl('{"level":30,"url":"http://127.0.0.1:4000","msg":"listening"}')).toBe('http://127.0.0.1:4000');
    expect(listeningUrl('{"level":30,"msg":"starting"}')).toBeUndefined();
    expect(listeningUrl('listening')).toBeUndefined();
    expect(listeningUrl('null')).toBeUndefined();
  });
});

describe('CPU time', () => {
  it('is read from /proc, whatever the name of the program', () => {
    const fields = Array.from({ length: 50 }, (_, index) => String(index));
    const stat = `42 (a (b) c) S ${fields.slice(4).join(' ')}`;
    expect(cpuMsFromStat(stat)).toBe((14 + 15) * 10); // utime and stime by their numbers in proc(5), from 1
  });

  it('is read from ps where there is no /proc', () => {
    expect(cpuMsFromPs(' 0:01.25\n')).toBe(1_250);
    expect(cpuMsFromPs('01:02:03')).toBe(3_723_000);
    expect(cpuMsFromPs('1-00:00:01')).toBe(86_401_000);
  });

  it('is interpolated between samples, and unknown outside them', () => {
    const samples = [
      { unixMs: 1_000, cpuMs: 100 },
      { unixMs: 1_100, cpuMs: 120 },
      { unixMs: 1_300, cpuMs: 220 },
    ];
    expect(cpuMsBetween(samples, 1_050, 1_200)).toBe(60);
    expect(cpuMsBetween(samples, 900, 1_200)).toBeUndefined();
    expect(cpuMsBetween(samples, 1_050, 1_400)).toBeUndefined();
  });
});
