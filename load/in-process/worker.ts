/** A thread that attaches to a strategy and calls one operation for as long as it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { strategies } from '../../src/strategies/index.ts';
import { attachAll, type OwnerPorts } from '../../src/threads/attach.ts';
import type { Attachment } from '../../src/threads/context.ts';
import { operations, type OperationName, type Resources } from './operations.ts';

export interface WorkerTask extends Attachment {
  readonly strategy: string;
  readonly operation: OperationName;
  readonly ownerPorts: OwnerPorts;
  /** Threads count themselves here, so that all begin together. */
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly warmupMs: number;
  readonly measureMs: number;
}

/** Calls under way in a thread at a time, where calls wait: as many requests would be. */
const CALLERS = 8;
/** Calls between two readings of the clock. */
const CHUNK = 32;

const task = workerData as WorkerTask;
const { served } = await attachAll(
  task,
  strategies.filter(({ name }) => name === task.strategy),
);
const operate: (index: number) => unknown = operations[task.operation](served[0]!.resources as unknown as Resources);

/** @returns how often it was called */
async function callFor(forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let called = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) {
      for (let time = 0; time < CHUNK; time++) {
        const result = operate(called++);
        if (result instanceof Promise) await result;
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return called;
}

/** Without a turn of the event loop, which those would miss who are about to begin. */
function meetOthers(): void {
  const expected = Atomics.load(task.barrier, 1);
  if (Atomics.add(task.barrier, 0, 1) + 1 === expected) Atomics.notify(task.barrier, 0);
  for (;;) {
    const there = Atomics.load(task.barrier, 0);
    if (there >= expected) return;
    Atomics.wait(task.barrier, 0, there, 10);
  }
}

await callFor(task.warmupMs);
meetOthers();
const startedMs = performance.now();
const operationsDone = await callFor(task.measureMs);
parentPort!.postMessage({ operations: operationsDone, tookMs: performance.now() - startedMs });
