import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

const module = new URL('../../load/child-process.ts', import.meta.url).href;

/** Command lines of all processes that name `mark`. */
function named(mark: string): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(mark));
}

describe.skipIf(process.platform === 'win32')('a process that started children and is ended by a signal', () => {
  it.for([
    ['SIGTERM', 'at once', ''],
    ['SIGTERM', 'later', 'await starting;'],
    ['SIGINT', 'later', 'await starting;'],
    ['SIGHUP', 'later', 'await starting;'],
  ] as const)('leaves none: %s %s', async ([signal, , before]) => {
    const mark = randomUUID();
    const child = `['-e', 'setInterval(() => {}, 60_000)', process.argv[1]]`;
    const script = `
      import { startChild } from '${module}';
      const starting = startChild(process.execPath, ${child}, { stdio: 'ignore' });
      ${before}
      process.kill(process.pid, '${signal}');
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script, mark], { stdio: 'inherit' });
    const [code] = (await once(parent, 'exit')) as [number | null];
    expect(code).toBeGreaterThan(128);
    await expect.poll(() => named(mark), { timeout: 20_000 }).toEqual([]);
  });
});
