/** An HTTP thread of a demonstration: an endpoint that has nothing to do with the rest, and one that has. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Awaitable } from '../sync/wait.ts';
import { LabThread, rendezvous, report } from './lab-thread.ts';
import { probe, type ProbeOptions, quantile } from './probe.ts';

/** What the thread saw of its own event loop. */
interface ServerFindings {
  /** 99th percentile of the event-loop delay. */
  readonly loopP99Ms: number;
}

/** What the clients saw, and the thread. */
export interface Served extends ServerFindings {
  /** 99th percentile of the endpoint that has nothing to do with the rest. */
  readonly bystanderP99Ms: number;
}

/** In the thread: answers `/healthz` itself and everything else by `answer`, until main has seen enough. */
export async function serveLab(answer: (path: string) => Awaitable<string | Uint8Array>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const server = createServer((request, response) => {
    delay.enable(); // from the first request on: starting up is not what is measured
    if (request.url === '/healthz') return void response.end('ok');
    void Promise.try(answer, request.url ?? '/').then(
      (body) => response.end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await rendezvous((server.address() as AddressInfo).port);
  delay.disable();
  server.close();
  server.closeAllConnections();
  report({ loopP99Ms: delay.percentile(99) / 1e6 } satisfies ServerFindings);
}

/** A thousand answers behind a 99th percentile: with fewer it is one of the few slowest, by chance. */
const PROBES: ProbeOptions = { times: 1_000, intervalMs: 1 };

/** On main: starts such a thread, loads `path` beside the probes of `/healthz`, and ends it. */
export async function measureServed(
  entry: URL,
  workerData: unknown,
  { path, load }: { readonly path: string; readonly load: ProbeOptions },
): Promise<Served> {
  await using server = await LabThread.start<ServerFindings, number>(entry, workerData);
  const base = `http://127.0.0.1:${server.ready}`;
  await probe(base + path, { times: 3, intervalMs: 1 }); // compiled, connected
  await probe(`${base}/healthz`, { times: 50, intervalMs: 1 });
  const [bystander] = await Promise.all([probe(`${base}/healthz`, PROBES), probe(base + path, load)]);
  const { loopP99Ms } = await server.findings();
  return { bystanderP99Ms: quantile(bystander, 0.99), loopP99Ms };
}
