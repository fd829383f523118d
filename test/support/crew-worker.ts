/** A thread of a crew: does the jobs that it is told, one after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';

export interface CrewMemory {
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly threads: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  readonly notes: Int32Array<SharedArrayBuffer>;
}

export interface Order {
  /** Comes back with the report: a thread may have several jobs at a time. */
  readonly id: number;
  readonly jobs: string;
  readonly job: string;
  readonly params: unknown;
}

export type Report = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** What a job works with. */
export interface Post {
  readonly slot: Slot;
  readonly position: number;
  readonly memory: CrewMemory;
  readonly threads: ThreadTable;
  readonly doorbell: Doorbell;
  /** From now on nothing but what the job does keeps this thread alive. */
  letEnd(): void;
}

export type Job<Params = never> = (post: Post, params: Params) => unknown;

const { memory, slot } = workerData as { memory: CrewMemory; slot: Slot };
const threads = new ThreadTable(memory.threads);
const port = parentPort!;
const post: Post = {
  slot,
  position: ThreadTable.positionOf(slot),
  memory,
  threads,
  doorbell: new Doorbell(threads, slot),
  letEnd: () => port.unref(),
};

port.on('message', (order: Order) => {
  void perform(order).then((report) => port.postMessage(report));
});
port.postMessage('started');

async function perform({ id, jobs, job, params }: Order): Promise<Report> {
  try {
    const module = (await import(jobs)) as { jobs: Record<string, Job<unknown>> };
    return { id, result: await module.jobs[job]!(post, params) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
