import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { measureCell } from '../../load/cell.ts';
import { startOrigin } from '../../load/origin.ts';
import { localHost } from '../../load/service-host.ts';
import type { Workload } from '../../load/workloads/workload.ts';
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

it('a run that is repeated is proved by its own lines, and not by those of the attempt before', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cell-'));
  try {
    const k6Path = join(directory, 'k6');
    await writeFile(k6Path, fakeK6);
    await chmod(k6Path, 0o755);
    const lines: (readonly string[])[] = [];
    const workload: Workload = {
      name: 'counters-hot',
      summary: '',
      resources: ['counters'],
      script: 'counters',
      unit: 'increments',
      keys: 2,
      environment: {},
      ratePerSecond: recordedProfile.ratePerSecond,
      profiles: [],
      async prove(_target, seen) {
        lines.push(seen.lines);
        return { holds: true, acknowledged: 1, refused: 0, unknown: 0, broken: 0, statement: '' };
      },
    };
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
