/** Threads that die as fast as they are started. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CrashLoop } from '../../src/threads/crash-loop.ts';
import { anyStrategy } from '../support/served.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Preloaded: every thread but main throws as soon as it serves. */
const dying = new URL('../support/dying-threads.ts', import.meta.url).href;

describe('a crash loop', () => {
  it('is waited out twice as long after each short life, and given up after the sixth', () => {
    const loop = new CrashLoop('thread 0');
    expect(Array.from({ length: 6 }, () => loop.died(1_000))).toEqual([50, 100, 200, 400, 800, undefined]);
    expect(loop.verdict).toBe('thread 0 died 6 times in a row, each time within 5000 ms of its start');
  });

  it('is none when a life in between was long enough', () => {
    const loop = new CrashLoop('thread 0');
    for (let round = 0; round < 3; round++) {
      for (let short = 0; short < 5; short++) expect(loop.died(1_000)).toBeDefined();
      expect(loop.died(5_000)).toBe(0);
    }
  });

  it('ends the process with a clear message', () => {
    const { status, stdout } = spawnSync(process.execPath, [main], {
      env: { PORT: '0', THREADS: '2', STRATEGIES: anyStrategy.name, NODE_OPTIONS: `--import=${dying}` },
      encoding: 'utf8',
      timeout: 25_000,
    });
    expect(status).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const { level, msg, err } = lines.at(-1) as { level: number; msg: string; err: { message: string } };
    expect([level, msg]).toEqual([60, 'the service cannot go on']);
    // Whichever thread was the first to die that often.
    const [, given] = /^(.+) died 6 times in a row, each time within 5000 ms of its start$/.exec(err.message) ?? [];
    const replaced = lines.filter(
      (line) => line['msg'] === 'a thread died and is replaced' && line['thread'] === given,
    );
    expect(replaced.map(({ backoffMs }) => backoffMs)).toEqual([50, 100, 200, 400, 800]);
  });
});
