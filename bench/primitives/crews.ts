/** Threads for the subjects, and one measurement with them. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { Permits } from '../../src/sync/permits.ts';
import { COUNT_WORD, type JobMemory, type Sizes } from './job.ts';
import type { Subject } from './subjects.ts';
import type { Task, TaskReport } from './worker.ts';

export interface Measurement {
  readonly perSecond: number;
  /** How often the work was done. */
  readonly done: number;
  /** How often as the result tells. */
  readonly found: number;
}

export interface MeasureOptions {
  readonly sizes: Sizes;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

const LOCKS = 2;
const MAX_WARM_UP_MS = 200;

/** Each subject keeps threads of its own, so that no other's code decides how its own is compiled. */
export class Crews implements AsyncDisposable {
  readonly #pools = new Map<Subject, Piscina<Task, TaskReport>>();

  /** @throws {Error} a thread failed */
  async measure(subject: Subject, { sizes, seconds, signal }: MeasureOptions): Promise<Measurement> {
    const threads = subject.jobs.length;
    const memory = jobMemory(threads);
    const barrier = new Int32Array(new SharedArrayBuffer(4));
    const forMs = seconds * 1_000;
    const times = { warmUpMs: Math.min(forMs / 4, MAX_WARM_UP_MS), forMs };
    const { port1, port2 } = new MessageChannel();
    const ports: readonly (MessagePort | undefined)[] = threads === 2 ? [port1, port2] : [];
    const pool = this.#pool(subject);
    const reports = await Promise.all(
      subject.jobs.map((job, position) => {
        const port = ports[position];
        const task: Task = { job, position, port, memory, sizes, barrier, threads, ...times };
        // piscina's type of the list is that of the web's messages, which knows no ports of Node.
        const transferList = (port === undefined ? [] : [port]) as never;
        return pool.run(task, { signal, transferList });
      }),
    );
    const inThreads = sum(reports.map(({ found = 0 }) => found));
    return {
      perSecond: sum(reports.map(({ perSecond = 0 }) => perSecond)),
      done: sum(reports.map(({ done }) => done)),
      found: subject.counts === 'in threads' ? inThreads : Atomics.load(memory.words, COUNT_WORD),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #pool(subject: Subject): Piscina<Task, TaskReport> {
    const existing = this.#pools.get(subject);
    if (existing !== undefined) return existing;
    const threads = subject.jobs.length;
    const pool = new Piscina<Task, TaskReport>({
      filename: new URL('worker.ts', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      // Otherwise a thread blocks between tasks, and the event loop of the one that awaits stands still.
      atomics: 'disabled',
    });
    this.#pools.set(subject, pool);
    return pool;
  }
}

/** Memory in which the threads at all positions live. */
function jobMemory(threads: number): JobMemory {
  const memory: JobMemory = {
    locks: new Int32Array(new SharedArrayBuffer(LOCKS * LOCK_BYTES)),
    threads: new SharedArrayBuffer(ThreadTable.bytes),
    words: new Int32Array(new SharedArrayBuffer(Permits.bytes)),
  };
  const table = new ThreadTable(memory.threads);
  for (let position = 0; position < threads; position++) table.enter(ThreadTable.slot(position, 0));
  return memory;
}

/** Counts are 32-bit words, which go round. @returns what is wrong with a measurement; undefined when nothing is */
export function doubtOf({ done, found }: Pick<Measurement, 'done' | 'found'>): string | undefined {
  if (done === 0) return 'nothing was done';
  if ((done | 0) === (found | 0)) return undefined;
  return `the work was done ${done} times, and its result says ${found}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
