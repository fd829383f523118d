/** In a thread of its own: asks for /healthz at a steady rate and says how long each answer took. */
import { once } from 'node:events';
import { setTimeout as elapsed } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { Client } from 'undici';

/** Each thread of the service gets some of these with near certainty, and its share of the requests. */
const CONNECTIONS = 16;

export interface Bystander extends AsyncDisposable {
  /** @returns how long each answer took, in ms from when its request was sent */
  measure(seconds: number): Promise<number[]>;
}

/** Where it is, and what it does. */
interface Post {
  readonly bystanderOf: string;
  readonly perSecond: number;
}

export function startBystander(url: string, perSecond: number): Bystander {
  const worker = new Worker(new URL(import.meta.url), { workerData: { bystanderOf: url, perSecond } satisfies Post });
  return {
    async measure(seconds) {
      worker.postMessage(seconds);
      const [elapsedMs] = (await once(worker, 'message')) as [number[]];
      return elapsedMs;
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

function stand({ bystanderOf: url, perSecond }: Post, port: NonNullable<typeof parentPort>): void {
  const clients = Array.from({ length: CONNECTIONS }, () => new Client(url));
  const measure = async (seconds: number): Promise<void> => {
    const startedMs = performance.now();
    const asking: Promise<number>[] = [];
    for (let asked = 0; asked < perSecond * seconds; asked++) {
      const dueMs = startedMs + (asked * 1000) / perSecond - performance.now();
      if (dueMs > 0) await elapsed(dueMs);
      asking.push(ask(clients[asked % CONNECTIONS]!));
    }
    port.postMessage(await Promise.all(asking));
  };
  port.on('message', (seconds: number) => void measure(seconds));
}

if (parentPort !== null && isPost(workerData)) stand(workerData, parentPort);

function isPost(data: unknown): data is Post {
  return typeof data === 'object' && data !== null && 'bystanderOf' in data;
}

/** @returns ms */
async function ask(client: Client): Promise<number> {
  const sentMs = performance.now();
  const { body } = await client.request({ method: 'GET', path: '/healthz' });
  await body.dump();
  return performance.now() - sentMs;
}
