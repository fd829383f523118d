/** One strategy, in a process of its own: each operation with each number of threads. Prints what it found as JSON. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { createEmbeddedOrigin, takeOver } from '../../src/origin/create-origin.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { allocateMemory } from '../../src/threads/memory.ts';
import { Owner, ownedCells } from '../../src/threads/owner.ts';
import type { OperationName } from './operations.ts';
import type { InProcessResult } from './result.ts';
import type { WorkerTask } from './worker.ts';

export interface ProcessTask {
  readonly strategy: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly operations: readonly OperationName[];
  readonly threads: readonly number[];
  readonly warmupMs: number;
  readonly measureMs: number;
}

export type Found = Pick<InProcessResult, 'operation' | 'threads' | 'nsPerOperation' | 'operations'>;

interface Report {
  readonly operations: number;
  readonly tookMs: number;
}

function fail(error: unknown): never {
  throw error;
}

async function measure(task: ProcessTask, operation: OperationName, threads: number): Promise<Found> {
  const strategy = strategies.find(({ name }) => name === task.strategy)!;
  const settings = readSettings({ WRITE_THROUGH: 'off', ...task.environment, THREADS: String(threads) });
  const memory = allocateMemory(settings, [strategy]);
  const origin = createEmbeddedOrigin(settings);
  const originEpoch = await takeOver(settings);
  const table = new ThreadTable(memory.threads);
  const owner = new Owner({
    settings,
    memory,
    origin,
    originEpoch,
    position: threads,
    owned: ownedCells([strategy]),
    onError: fail,
    onDeath: () => undefined,
    onReplaced: () => {},
  });
  await owner.start();
  const barrier = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(barrier, 1, threads);
  const workers = Array.from({ length: threads }, (_, position) => {
    const slot = ThreadTable.slot(position, 0);
    const { port1, port2: originPort } = new MessageChannel();
    origin.serve(port1);
    table.enter(slot);
    const { ports: ownerPorts, transferList } = owner.connect(position);
    const { strategy: name, warmupMs, measureMs } = task;
    return new Worker(new URL('worker.ts', import.meta.url), {
      workerData: {
        strategy: name,
        operation,
        warmupMs,
        measureMs,
        settings,
        memory,
        slot,
        originPort,
        originEpoch,
        ownerPorts,
        barrier,
      } satisfies WorkerTask,
      transferList: [originPort, ...transferList],
    });
  });
  const reports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as Report));
  await Promise.all(workers.map((worker) => worker.terminate()));
  await owner.stop();
  const done = reports.reduce((total, report) => total + report.operations, 0);
  const tookMs = reports.reduce((total, report) => total + report.tookMs, 0); // of all threads together
  return { operation, threads, operations: done, nsPerOperation: (tookMs * 1e6) / done };
}

const task = JSON.parse(process.argv[2]!) as ProcessTask;
const found: Found[] = [];
for (const operation of task.operations) {
  for (const threads of task.threads) found.push(await measure(task, operation, threads));
}
process.stdout.write(JSON.stringify(found), () => process.exit(0)); // the origin's ports keep it otherwise
