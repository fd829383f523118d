/** What the coordination itself costs, beside what HTTP makes of it: the same cells, driven by threads. */
import { fileURLToPath } from 'node:url';
import { describeExit, LastLines, startChild } from '../child-process.ts';
import { ServiceError } from '../errors.ts';
import type { Candidate } from '../registry.ts';
import type { Found, ProcessTask } from './measure-process.ts';
import type { OperationName } from './operations.ts';
import type { InProcessResult } from './result.ts';

/** What is measured of each strategy in a round. */
export interface InProcessSizes {
  readonly operations: readonly OperationName[];
  readonly warmupMs: number;
  readonly measureMs: number;
}

/** Numbers of threads that work at once. */
export const THREADS = [1, 2, 4] as const;

/** To start the process, and its threads and theirs. */
const START_SECONDS = 0.3;

/** What all of it takes, about, for the estimate. */
export function inProcessSeconds({ operations, warmupMs, measureMs }: InProcessSizes): number {
  return START_SECONDS + operations.length * THREADS.length * (START_SECONDS / 2 + (warmupMs + measureMs) / 1000);
}

/** @throws {ServiceError} the process failed; with its last lines */
export async function measureInProcess(
  { name, strategy, kind, threads: fixed, environment = {} }: Candidate,
  round: number,
  sizes: InProcessSizes,
  signal: AbortSignal,
): Promise<InProcessResult[]> {
  signal.throwIfAborted();
  const task: ProcessTask = { ...sizes, strategy, environment, threads: fixed === undefined ? THREADS : [fixed] };
  const program = fileURLToPath(new URL('measure-process.ts', import.meta.url));
  await using child = await startChild(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = new LastLines(10);
  let output = '';
  child.process.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.process.stderr?.setEncoding('utf8').on('data', (text: string) => errors.add(text));
  const closed = new Promise((resolve) => child.process.once('close', resolve)); // after the last of its output
  const stop = (): void => void child.stop(1_000);
  signal.addEventListener('abort', stop, { once: true });
  const status = await child.exited;
  await closed;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (status.code !== 0) {
    throw new ServiceError(`in process, ${strategy} ended with ${describeExit(status)}\n${errors.text}`);
  }
  return (JSON.parse(output) as Found[]).map((found) => ({ round, strategy: name, kind, ...found }));
}
