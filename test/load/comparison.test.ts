import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../load/comparison.ts';
import type { Results } from '../../load/results-file.ts';
import { analysisOf } from '../../load/statistics/analysis.ts';
import { resolveK6 } from '../../load/k6/resolve.ts';
import { childrenOf } from '../support/processes.ts';
import { candidate, candidates } from '../support/recorded.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const fakeService = join(project, 'test/support/fake-service.ts');
const fakeComparison = join(project, 'test/support/fake-comparison.ts');

const k6 = await resolveK6({
  environment: process.env,
  toolsDirectory: join(project, '.tools'),
  say: () => {},
  signal: AbortSignal.timeout(10_000),
  installers: [],
}).catch(() => undefined);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'comparison-'));
});
afterAll(() => rm(root, { recursive: true }));

async function resultsIn(directory: string): Promise<Record<string, any>> {
  const [time] = await readdir(join(directory, 'results'));
  return JSON.parse(await readFile(join(directory, 'results', time!, 'results.json'), 'utf8'));
}

const surroundings = (lines: string[], fakeRoot: string) => ({
  root: fakeRoot,
  serviceEntry: fakeService,
  registry: [...candidates, candidate('lossy', 'strategy')],
  signal: new AbortController().signal,
  print: (text: string) => void lines.push(text),
  printError: (text: string) => void lines.push(text),
  renderer: 'silent' as const,
});

describe.skipIf(k6 === undefined)('the comparison of the fake service, by k6 (skipped where there is none)', () => {
  it(
    'measures, proves, catches a strategy that loses updates, and writes results.json',
    { timeout: 150_000 },
    async () => {
      const lines: string[] = [];
      const flags = '--workload counters-write-through --strategy async-lock,lossy --duration 1 --seed 3'.split(' ');
      const exitCode = await compare([...flags, '--k6', k6!.path], surroundings(lines, join(root, 'whole')));

      const output = lines.join('\n');
      expect(output).toContain('the control "unguarded" failed its proof, as it must');
      expect(output).toMatch(
        /FAILED\. counters-write-through, lossy: the proof failed: [\d,]+ .* acknowledged, [\d,]+ lost/,
      );
      expect(exitCode).toBe(1);
      const results = await resultsIn(join(root, 'whole'));
      expect(results).toMatchObject({ status: 'complete', seed: 3, k6: { version: k6!.version }, plannedRuns: 3 });
      expect(results['calibration'].ceilingPerSecond).toBeGreaterThan(0);
      const { verdict, rows } = analysisOf(results as Results);
      expect(verdict.failures).toHaveLength(1);
      const asyncLock = rows.find(({ strategy }) => strategy === 'async-lock')!;
      // The fake holds its lock for 5 ms of timer, so it cannot do more than 200 a second.
      expect(asyncLock.throughput!.value).toBeGreaterThan(0);
      expect(asyncLock.throughput!.value).toBeLessThanOrEqual(205);
      // On a machine that is busy with other tests arrivals may be dropped; then there must be no latency.
      const { latency } = asyncLock;
      expect(typeof latency === 'string' ? asyncLock.dropped : latency.p50.value - 5).toBeGreaterThan(0);
      expect(asyncLock.cpuUsPerRequest!.value).toBeGreaterThan(0);
      expect(asyncLock).toMatchObject({ broken: 0, failedRequests: 0 });
      const [time] = await readdir(join(root, 'whole', 'results'));
      const files = await readdir(join(root, 'whole', 'results', time!));
      expect(files.toSorted()).toEqual(['k6', 'plots', 'report.html', 'results.json', 'results.md']);
    },
  );
});

describe('an interrupted comparison', () => {
  it('leaves no process, keeps what it has and exits 130', { timeout: 60_000 }, async () => {
    const hangingK6 = join(root, 'k6');
    await writeFile(hangingK6, '#!/bin/sh\n[ "$1" = version ] && echo "k6 v2.2.0 (none)" || exec sleep 600\n');
    await chmod(hangingK6, 0o755);
    const fakeRoot = join(root, 'interrupted');
    await mkdir(fakeRoot);
    const child = spawn(process.execPath, [fakeComparison, '--k6', hangingK6], {
      env: { ...process.env, FAKE_ROOT: fakeRoot },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    let output = '';
    await new Promise<void>((measuring) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        // Said after the service is ready and before k6 is started.
        if (output.includes('/healthz at')) measuring();
      });
    });
    const left = childrenOf(child.pid!);
    expect(left.length).toBeGreaterThan(0);
    child.kill('SIGINT');

    expect(await exited).toEqual([130, null]);
    for (const pid of left) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await resultsIn(fakeRoot)).toMatchObject({ status: 'interrupted', cells: [], plannedRuns: 8 });
    expect(output).toContain('Interrupted after 0 of 8 runs.');
  });
});
