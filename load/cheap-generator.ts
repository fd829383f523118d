/** A generator that costs little beside the service: wrk where it is installed, else autocannon, in a process of its own. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { AutocannonTask } from './autocannon-process.ts';
import { startChild } from './child-process.ts';
import { CpuSampler, type CpuSample } from './cpu-time.ts';

export const CONNECTIONS = 64;

/** A request; those of a run are sent over and over, on `CONNECTIONS` kept-alive connections. */
export interface Load {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** What the generator counted. */
export interface Counted {
  /** Answers that came in, whatever their status. */
  readonly requests: number;
  readonly seconds: number;
  readonly non2xx: number;
  readonly socketErrors: number;
}

export interface Sent extends Counted {
  /** CPU time of the generator, sampled while it ran. */
  readonly cpu: readonly CpuSample[];
}

export interface Generator {
  readonly name: string;
  readonly version: string;
  /** The arguments of one run, and how to read what it printed. */
  command(url: string, loads: readonly Load[], seconds: number): readonly [program: string, ...args: string[]];
  parse(output: string): Counted;
}

const wrkOutput = z.object({
  requests: z.number(),
  durationUs: z.number(),
  non2xx: z.number(),
  socketErrors: z.number(),
});

/** @param version as `wrk --version` printed it */
export function wrk(version: string): Generator {
  const script = fileURLToPath(new URL('cheap-generator.lua', import.meta.url));
  return {
    name: 'wrk',
    version,
    command(url, loads, seconds) {
      const shape = ['--threads', '1', '--connections', String(CONNECTIONS), '--duration', `${seconds}s`];
      const requests = loads.flatMap(({ method, path, body = '' }) => [method, path, body]);
      return ['wrk', ...shape, '--script', script, url, '--', ...requests];
    },
    parse(output) {
      const { durationUs, ...counted } = wrkOutput.parse(JSON.parse(output.trim().split('\n').at(-1)!));
      return { ...counted, seconds: durationUs / 1e6 };
    },
  };
}

const autocannonOutput = z.object({
  duration: z.number(),
  errors: z.number(),
  non2xx: z.number(),
  requests: z.object({ total: z.number() }),
});

export function autocannon(): Generator {
  const require = createRequire(import.meta.url);
  const { version } = require('autocannon/package.json') as { version: string };
  return {
    name: 'autocannon',
    version,
    command(url, requests, seconds) {
      const task: AutocannonTask = { url, requests, connections: CONNECTIONS, seconds };
      const program = fileURLToPath(new URL('autocannon-process.ts', import.meta.url));
      return [process.execPath, program, JSON.stringify(task)];
    },
    parse(output) {
      const { duration, errors, non2xx, requests } = autocannonOutput.parse(JSON.parse(output));
      return { requests: requests.total, seconds: duration, non2xx, socketErrors: errors };
    },
  };
}

/** wrk if it can be run, else autocannon. */
export async function findGenerator(): Promise<Generator> {
  const version = await versionOfWrk();
  return version === undefined ? autocannon() : wrk(version);
}

async function versionOfWrk(): Promise<string | undefined> {
  // It prints its version with its usage, and ends with 1; where it is missing there is no output.
  const ended: unknown = await promisify(execFile)('wrk', ['--version']).catch((error: unknown) => error);
  const { stdout = '' } = ended as { stdout?: string };
  return /^wrk (.+?) \[/.exec(stdout)?.[1];
}

export interface SendOptions {
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onStarted?: (pid: number) => void;
}

/** @throws {Error} the generator failed, or printed something else */
export async function send(
  generator: Generator,
  url: string,
  loads: readonly Load[],
  { seconds, signal, onStarted }: SendOptions,
): Promise<Sent> {
  signal.throwIfAborted();
  const [program, ...args] = generator.command(url, loads, seconds);
  await using child = await startChild(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onStarted?.(child.pid);
  using sampler = new CpuSampler(child.pid);
  const stop = (): void => void child.stop(1_000);
  signal.addEventListener('abort', stop, { once: true });
  let output = '';
  let errors = '';
  child.process.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.process.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const closed = new Promise((resolve) => child.process.once('close', resolve)); // after the last of its output
  const { code } = await child.exited;
  await closed;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`${generator.name} ended with ${code}\n${errors}`);
  return { ...generator.parse(output), cpu: sampler.samples };
}
