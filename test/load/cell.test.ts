import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { measureCell, type CellResult } from '../../load/cell.ts';
import { k6Environment } from '../../load/k6/run-scenario.ts';
import { describeMachine } from '../../load/machine.ts';
import type { MachineUse } from '../../load/machine-watch.ts';
import { isForeign } from '../../load/validity.ts';
import { startOrigin } from '../../load/origin.ts';
import { localHost, type ServiceHost } from '../../load/service-host.ts';
import type { Proof, Workload } from '../../load/workloads/workload.ts';
import { candidate, recordedProfile } from '../support/recorded.ts';

const fakeService = fileURLToPath(new URL('../support/fake-service.ts', import.meta.url));
const summary = fileURLToPath(new URL('fixtures/k6-summary.json', import.meta.url));

/** Does as k6 does with what scripts log: it goes to the end of the file. */
const fakeK6 = `#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --console-output) echo "config version 7" >> "$2" ;;
    SUMMARY_PATH=*) cp '${summary}' "\${1#SUMMARY_PATH=}" ;;
  esac
  shift
done
`;

const proof: Proof = { holds: true, acknowledged: 1, refused: 0, unknown: 0, broken: 0, statement: '' };

function workloadThat(prove: Workload['prove']): Workload {
  return {
    name: 'counters-hot',
    summary: '',
    resources: ['counters'],
    script: 'counters',
    unit: 'increments',
    keys: 2,
    environment: {},
    ratePerSecond: recordedProfile.ratePerSecond,
    cost: { requests: () => [] },
    profiles: [],
    prove,
  };
}

const quiet: MachineUse = { serviceCpuMs: 100, generatorCpuMs: 300, foreignCores: 0, stealShare: 0, busyShare: 0.3 };
const foreign: MachineUse = { ...quiet, foreignCores: 0.5 };

/** Runs a strategy on a machine that is as is said in the measured part, and in the closed loop; with two retries. */
async function measuredOn(open: MachineUse, closed: MachineUse): Promise<CellResult> {
  const directory = await mkdtemp(join(tmpdir(), 'cell-'));
  try {
    const k6Path = join(directory, 'k6');
    await writeFile(k6Path, fakeK6);
    await chmod(k6Path, 0o755);
    const host: ServiceHost = {
      machine: describeMachine(),
      origin: '',
      isRemote: false,
      async start() {
        const uses = [open, closed];
        return {
          url: 'http://127.0.0.1:9', // nothing is asked there but its metrics, which may be missing
          include: () => {},
          use: async () => uses.shift()!,
          stop: async () => {},
          [Symbol.asyncDispose]: async () => {},
        };
      },
      [Symbol.asyncDispose]: async () => {},
    };
    const cell = {
      round: 1,
      workload: workloadThat(async () => proof),
      candidate: candidate('sync-lock', 'strategy'),
      threads: 2,
      environment: {},
      profile: recordedProfile,
    };
    const signal = AbortSignal.timeout(60_000);
    return await measureCell(cell, { k6Path, host, rawDirectory: directory, signal, say: () => {} }, 2);
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe('a run that', () => {
  it('nothing disturbed is run once', async () => {
    const { attempts, measured } = await measuredOn(quiet, quiet);
    expect(attempts).toBe(1);
    expect(measured!.flags.filter(isForeign)).toEqual([]);
    expect(measured!.generatorShare).toEqual({ open: 0.75, closed: 0.75 });
  });

  it('something foreign disturbed is repeated twice, then kept and flagged', async () => {
    const stolen = { ...quiet, stealShare: 0.05 };
    for (const [open, closed] of [
      [foreign, quiet],
      [quiet, foreign],
      [stolen, quiet],
      [quiet, stolen],
    ] as const) {
      const { attempts, measured } = await measuredOn(open, closed);
      expect(attempts).toBe(3);
      expect(measured!.flags.filter(isForeign)).toHaveLength(1);
    }
  });

  it('only strained its own generator is flagged, and not repeated: that would be to choose by the outcome', async () => {
    const { attempts, measured } = await measuredOn({ ...quiet, busyShare: 0.95 }, quiet);
    expect(attempts).toBe(1);
    expect(measured!.flags).toContain('the CPU was busy (95 %)');
    expect(['the generator was late (7.0 ms at its p99)', 'the generator missed arrivals (2 %)'].some(isForeign)).toBe(
      false,
    );
  });
});

describe('what k6 is started with', () => {
  it('has none of what a user has set for it', () => {
    const environment = k6Environment({
      PATH: '/bin',
      HOME: '/home/user',
      K6_VUS: '3',
      K6_DURATION: '1s',
      K6_OUT: 'json=out',
      RATE: '7',
      GOMAXPROCS: '1',
      HTTP_PROXY: 'http://proxy',
    });
    expect(environment).toEqual({
      PATH: '/bin',
      GOGC: '400',
      K6_NO_USAGE_REPORT: 'true',
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
    });
  });
});

it('a run that is repeated is proved by its own lines, and not by those of the attempt before', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cell-'));
  try {
    const k6Path = join(directory, 'k6');
    await writeFile(k6Path, fakeK6);
    await chmod(k6Path, 0o755);
    const lines: (readonly string[])[] = [];
    const workload = workloadThat(async (_target, seen) => {
      lines.push(seen.lines);
      return proof;
    });
    // A control that passes its proof is tried again.
    const control = candidate('unguarded', 'control');
    const cell = { round: 1, workload, candidate: control, threads: 2, environment: {}, profile: recordedProfile };
    const signal = AbortSignal.timeout(60_000);
    const result = await measureCell(
      cell,
      {
        k6Path,
        host: localHost(fakeService, await startOrigin('embedded', signal)),
        rawDirectory: directory,
        signal,
        say: () => {},
      },
      1,
    );
    expect(result).toMatchObject({ attempts: 2 });
    expect(lines).toEqual([
      ['config version 7', ''],
      ['config version 7', ''],
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
