/** Entry of an HTTP thread: attaches to the shared memory, serves, and drains when told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { buildApp } from '../app.ts';
import type { Connections } from '../resources/connections.ts';
import type { OnAnswer } from '../http/exchange.ts';
import { accessLog } from '../metrics/access-log.ts';
import { NumberedRoutes } from '../metrics/route-labels.ts';
import { ThreadMetrics } from '../metrics/thread-metrics.ts';
import { FanOut } from '../rooms/fan-out.ts';
import { Rooms } from '../rooms/rooms.ts';
import { listen, type ListenOptions } from '../http/server.ts';
import { createRenderer } from '../render/create-renderer.ts';
import { startSweeper } from './sweeper.ts';
import { attachAll, type OwnerPorts } from './attach.ts';
import type { Attachment } from './context.ts';
import { servedStrategies } from './memory.ts';
import { logOrigin, threadLog } from './thread-log.ts';

export interface HttpThreadData extends Attachment {
  readonly ownerPorts: OwnerPorts;
  /** Whether the service needs the owner thread, which then sits on the position after the HTTP threads'. */
  readonly hasOwner: boolean;
  readonly listen: ListenOptions;
}

/** What main sends: to end, that the process was fenced out, or the ports to a new owner. */
export type ToHttpThread = 'drain' | 'fenced' | { readonly ownerPorts: OwnerPorts };

/** What the thread reports. */
export interface FromHttpThread {
  readonly listeningOn: number;
}

const PING_MS = 1_000;
const FENCED_OUT = 'the origin, which a newer service process has taken over, or which has lost what it had';

const data = workerData as HttpThreadData;
const { settings, slot } = data;
const port = parentPort!;
const log = threadLog(settings, slot);

let routes: NumberedRoutes;
const metrics = settings.METRICS ? new ThreadMetrics(data.memory, slot, () => routes) : undefined;
const lines = accessLog(log, () => routes, settings.ACCESS_LOG_PER_SECOND);
const attached = await attachAll(data, servedStrategies(settings), logOrigin(log));
const { served, thread, origin, shared } = attached;
let draining = false;

async function missing(): Promise<string[]> {
  const found: string[] = [];
  const serving = thread.threads.serving(settings.THREADS);
  if (serving < settings.THREADS) found.push(`${settings.THREADS - serving} of ${settings.THREADS} threads`);
  if (data.hasOwner && !thread.threads.isServing(settings.THREADS)) found.push('the owner thread');
  if (shared.isFenced) return [...found, FENCED_OUT];
  const problem = await origin.problem({ remainingMs: PING_MS });
  return problem === undefined ? found : [...found, problem];
}

/** With parameters by name: an array of them for each request would cost more than the counting. */
function both(count: OnAnswer | undefined, tell: OnAnswer | undefined): OnAnswer | undefined {
  if (count === undefined || tell === undefined) return count ?? tell;
  return (context, requestId, status, elapsedMs, endedMs) => {
    count(context, requestId, status, elapsedMs, endedMs);
    tell(context, requestId, status, elapsedMs, endedMs);
  };
}

const renderer = await createRenderer(settings);
const allRooms: Rooms[] = [];
/** What is handed out in one turn of the event loop is for all strategies together. */
const fanOut = new FanOut();

function openRooms(base: string, connections: Connections): Rooms {
  const channel = `${data.memory.service}${base}`;
  const rooms = new Rooms({ channel, thread, threads: settings.THREADS, connections, fanOut });
  allRooms.push(rooms);
  return rooms;
}

const app = buildApp({
  served,
  missing,
  isDraining: () => draining,
  isFenced: () => shared.isFenced,
  maxConcurrentRequests: settings.MAX_CONCURRENT_REQUESTS,
  maxStandingWaitMs: settings.MAX_STANDING_WAIT_MS,
  timeoutMs: settings.REQUEST_TIMEOUT_MS,
  serverTiming: settings.SERVER_TIMING,
  cacheTtlMs: settings.CACHE_TTL_MS,
  renderer,
  connectionTtlMs: settings.CONNECTION_TTL_MS,
  allowedOrigins: settings.ALLOWED_ORIGINS,
  openRooms,
  adminToken: settings.ADMIN_TOKEN,
  controls: settings.CONTROLS,
  metrics: metrics === undefined ? undefined : (call) => metrics.text(attached, call),
  onAnswer: both(metrics?.onAnswer, lines),
  onDefect: (error, requestId) => log.error({ err: error, requestId }, 'a request failed on a defect'),
});
routes = new NumberedRoutes(app);
const server = await listen(app, data.listen, (limit, counts) =>
  log.warn({ limit, ...counts }, 'as many connections are open as may be: idle ones are closed, then new ones refused'),
);
const closeWebSockets = (reason: string): Promise<void> => server.closeWebSockets(reason);
metrics?.start(server.counts);
thread.threads.markServing(slot);
const sweeper = startSweeper({ slot, threads: thread.threads, served, ttlMs: settings.CONNECTION_TTL_MS });
port.postMessage({ listeningOn: server.port } satisfies FromHttpThread);

port.on('message', (message: ToHttpThread) => {
  if (message === 'drain') void drain();
  if (message === 'fenced') void closeWebSockets('another service process has taken over'); // requests are refused anyway
  if (typeof message === 'object') attached.reconnect(message.ownerPorts);
});

async function drain(): Promise<void> {
  if (draining) return;
  draining = true;
  sweeper.stop();
  metrics?.stop();
  const ended = await server.drain();
  if (ended > 0) log.warn({ ended }, 'connections were ended whose clients did not finish what they had begun');
  await renderer.close();
  for (const rooms of allRooms) rooms[Symbol.dispose]();
  attached.dropSenders();
  await attached.close(settings.SHUTDOWN_TIMEOUT_MS / 2);
  process.exit(0); // ends this thread, not the process
}
