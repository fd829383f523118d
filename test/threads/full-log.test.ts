/** What becomes of log lines that find no room. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';

const threadLog = new URL('../../src/threads/thread-log.ts', import.meta.url).href;
const TOLD = 'now\n';
/** What a child does before anything else, and how it says where it is. */
const head = `
  import { writeSync } from 'node:fs';
  import { mainLog } from ${JSON.stringify(threadLog)};
  const log = mainLog({ LOG_LEVEL: 'info' });
  const tell = () => writeSync(2, ${JSON.stringify(TOLD)});
`;

interface Line {
  readonly msg?: string;
  readonly line?: number;
  readonly dropped?: number;
}

/** A pipe that is full from the start. */
class FullPipe implements AsyncDisposable {
  /** Of a child; a description of its own, as the parent's must never block. */
  readonly output: number;
  readonly #fd: number;
  readonly #folder: string;
  #text = '';

  private constructor(folder: string, fd: number, output: number) {
    this.#folder = folder;
    this.#fd = fd;
    this.output = output;
  }

  static async make(): Promise<FullPipe> {
    const folder = await mkdtemp(join(tmpdir(), 'shared-state-log-'));
    const path = join(folder, 'log');
    execFileSync('mkfifo', [path]);
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK); // both ends, so that opening waits for nobody
    for (const size of [4096, 1]) untilFull(() => writeSync(fd, '\n'.repeat(size)));
    return new FullPipe(folder, fd, openSync(path, 'w'));
  }

  /** Takes out what is in it. */
  drain(): void {
    const buffer = Buffer.alloc(2 ** 16);
    untilFull(() => (this.#text += buffer.toString('utf8', 0, readSync(this.#fd, buffer))));
  }

  /** What was taken out until now. */
  get lines(): Line[] {
    const whole = this.#text.slice(0, this.#text.lastIndexOf('\n')).split('\n');
    return whole.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const fd of [this.#fd, this.output]) closeSync(fd);
    await rm(this.#folder, { recursive: true });
  }
}

/** Or until it is empty, when it is read. */
function untilFull(act: () => void): void {
  try {
    for (;;) act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
}

function logInto(pipe: FullPipe, script: string) {
  const args = ['--input-type=module', '--eval', head + script];
  const child = spawn(process.execPath, args, { stdio: ['pipe', pipe.output, 'pipe'] });
  const [stdin, stderr] = [child.stdin as Writable, child.stderr as Readable];
  stderr.setEncoding('utf8');
  return { child, stdin, stderr };
}

describe.runIf(process.platform === 'linux')('a log that finds no room', () => {
  it('has its last line on standard error', async () => {
    await using pipe = await FullPipe.make();
    const { child, stderr } = logInto(pipe, `log.fatal('the end'); process.exit(1);`);
    const [told] = await Promise.all([stderr.toArray(), once(child, 'close')]);
    expect(JSON.parse(told.join(''))).toMatchObject({ level: 60, msg: 'the end' });
    expect(child.exitCode).toBe(1);
  });

  it('has its last line where it belongs, for who reads a little later', async () => {
    await using pipe = await FullPipe.make();
    const { child, stderr } = logInto(pipe, `tell(); log.fatal('the end'); process.exit(1);`);
    let told = '';
    stderr.on('data', (text: string) => (told += text));
    await once(stderr, 'data');
    pipe.drain();
    await once(child, 'close');
    pipe.drain();
    expect(pipe.lines).toMatchObject([{ level: 60, msg: 'the end' }]);
    expect(told).toBe(TOLD);
  });

  it('goes on for who reads again, and tells how many lines were dropped', async () => {
    await using pipe = await FullPipe.make();
    const { child, stdin, stderr } = logInto(
      pipe,
      `for (let line = 0; line < 3000; line++) log.info({ line, filler: 'x'.repeat(1000) });
      tell();
      // Longer than what a line that was dropped has left of the megabyte.
      process.stdin.on('data', () => { log.info({ filler: 'x'.repeat(2000) }, 'later'); tell(); });`,
    );
    for (let round = 0; round < 100 && pipe.lines.at(-1)?.msg !== 'later'; round++) {
      await once(stderr, 'data');
      pipe.drain();
      stdin.write('.');
    }
    stdin.end();
    await once(child, 'close');
    const kept = pipe.lines.filter(({ line }) => line !== undefined);
    expect(kept.length).toBeGreaterThan(900); // of a megabyte
    expect(kept.map(({ line }) => line)).toEqual(kept.map((_, at) => at)); // the first that came
    const later = pipe.lines.filter(({ msg }) => msg === 'later');
    expect(later[0]).toMatchObject({ dropped: 3000 - kept.length });
    expect(later.slice(1).filter(({ dropped }) => dropped !== undefined)).toEqual([]);
  });
});
