/** Preloaded into a service: the second HTTP thread, in each of its lives, throws once it has said that it listens. */
import { parentPort, workerData } from 'node:worker_threads';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import type { HttpThreadData } from '../../src/threads/http-thread.ts';

const data = workerData as Partial<HttpThreadData> | null;

if (parentPort !== null && data?.listen !== undefined && ThreadTable.positionOf(data.slot!) === 1) {
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (message: unknown) => {
    post(message);
    setImmediate(() => {
      throw new Error('dead on arrival');
    });
  };
}
