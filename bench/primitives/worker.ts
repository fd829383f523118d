/** Entry of a thread of the bench: does one job for some time, together with the other threads of the measurement. */
import type { Hammer, Post } from './job.ts';
import { type JobName, loadJob } from './jobs.ts';

/** What main asks of one thread. */
export interface Task extends Post {
  readonly job: JobName;
  /** Word 0: how many threads are ready. */
  readonly barrier: Int32Array<SharedArrayBuffer>;
  /** How many there are. */
  readonly threads: number;
  readonly warmUpMs: number;
  readonly forMs: number;
}

export interface TaskReport {
  /** How often the work was done in the time that counts; undefined for a thread that only attends. */
  readonly perSecond: number | undefined;
  /** How often it was done in all. */
  readonly done: number;
  /** How often as the result tells, of what only this thread can see. */
  readonly found: number | undefined;
}

/** Longer than any thread takes to get ready. */
const READY_WITHIN_MS = 60_000;

export default async function perform(task: Task): Promise<TaskReport> {
  const job = await loadJob(task.job);
  const role = await job(task);
  meet(task);
  if ('attended' in role) {
    await role.attended;
    return { perSecond: undefined, done: 0, found: role.found?.() };
  }
  const warmUp = await hammer(role, task.warmUpMs);
  const counted = await hammer(role, task.forMs);
  role.end?.();
  return {
    perSecond: (counted.done * 1_000) / counted.tookMs,
    done: warmUp.done + counted.done,
    found: role.found?.(),
  };
}

/** Waits until every thread of the measurement is here. */
function meet({ barrier, threads }: Task): void {
  Atomics.add(barrier, 0, 1);
  Atomics.notify(barrier, 0);
  for (let ready = Atomics.load(barrier, 0); ready < threads; ready = Atomics.load(barrier, 0)) {
    if (Atomics.wait(barrier, 0, ready, READY_WITHIN_MS) === 'timed-out') throw new Error('a thread is missing');
  }
}

interface Done {
  readonly done: number;
  readonly tookMs: number;
}

async function hammer(role: Hammer, forMs: number): Promise<Done> {
  return role.callers === undefined ? hammerAlone(role, forMs) : hammerTogether(role, role.callers, forMs);
}

/** One chunk after another; what prepares them is not counted. */
async function hammerAlone(role: Hammer, forMs: number): Promise<Done> {
  let done = 0;
  let tookMs = 0;
  while (tookMs < forMs) {
    role.prepare?.();
    const startedMs = performance.now();
    const worked = role.work(role.chunk);
    if (worked !== undefined) await worked;
    tookMs += performance.now() - startedMs;
    done += role.chunk;
  }
  return { done, tookMs };
}

/** Many callers, each one chunk after another. */
async function hammerTogether(role: Hammer, callers: number, forMs: number): Promise<Done> {
  const startedMs = performance.now();
  let done = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - startedMs < forMs) {
      await role.work(role.chunk);
      done += role.chunk;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { done, tookMs: performance.now() - startedMs };
}
