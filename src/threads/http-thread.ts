/** Entry of an HTTP thread: attaches to the shared memory, serves, and drains when told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import { buildApp } from '../app.ts';
import { listen, type ListenOptions } from '../http/server.ts';
import { attachAll, type Attachment } from './attach.ts';

export interface HttpThreadData extends Attachment {
  readonly listen: ListenOptions;
}

/** What main sends. */
export type ToHttpThread = 'drain';

/** What the thread reports. */
export interface FromHttpThread {
  readonly listeningOn: number;
}

const PING_MS = 1_000;

const data = workerData as HttpThreadData;
const { settings, slot } = data;
const port = parentPort!;
const log = pino({ level: settings.LOG_LEVEL, base: { slot } }, pino.destination({ sync: true }));

const { served, thread, origin } = await attachAll(data);
let draining = false;

async function missing(): Promise<string[]> {
  const found: string[] = [];
  const serving = thread.threads.serving(settings.THREADS);
  if (serving < settings.THREADS) found.push(`${settings.THREADS - serving} of ${settings.THREADS} threads`);
  try {
    await origin.load('readyz', { remainingMs: PING_MS });
  } catch {
    found.push('the origin');
  }
  return found;
}

const app = buildApp({
  served,
  missing,
  isDraining: () => draining,
  timeoutMs: settings.REQUEST_TIMEOUT_MS,
  serverTiming: settings.SERVER_TIMING,
  onDefect: (error, requestId) => log.error({ err: error, requestId }, 'a request failed on a defect'),
});
const server = await listen(app, data.listen);
thread.threads.markServing(slot);
port.postMessage({ listeningOn: server.port } satisfies FromHttpThread);

port.on('message', (message: ToHttpThread) => {
  if (message !== 'drain' || draining) return;
  draining = true;
  void server.drain().then(() => process.exit(0)); // ends this thread, not the process
});
