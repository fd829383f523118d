import { execFileSync } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startChild } from '../../load/child-process.ts';
import { anyStrategy } from '../support/served.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** More lines than a pipe takes, and than are kept besides. */
const REQUESTS = 8_000;

it.runIf(process.platform === 'linux')('a log that nobody reads holds up neither requests nor the end', async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'shared-state-log-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const path = join(directory, 'log');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, 'r+'); // both ends, so that opening waits for nobody
  stack.defer(() => closeSync(pipe));
  const { PATH = '' } = process.env;
  const child = await startChild(process.execPath, [main], {
    env: { PATH, PORT: '0', THREADS: '1', STRATEGIES: anyStrategy.name, LOG_LEVEL: 'debug' },
    stdio: ['ignore', pipe, 'inherit'],
  });
  stack.defer(async () => void (await child.stop(10_000)));
  await using reader = await open(path, 'r');
  const { buffer, bytesRead } = await reader.read();
  const { url } = JSON.parse(buffer.toString('utf8', 0, bytesRead).trimEnd()) as { readonly url: string };

  const target = `${url}/v1/${anyStrategy.name}/counters/k/increment`;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (answered < REQUESTS) {
      answered += 1;
      const { status } = await fetch(target, { method: 'POST', signal: AbortSignal.timeout(10_000) });
      expect(status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  expect((await child.stop(10_000)).code).toBe(0);
});
