/** What the threads of the bare servers have in common: they listen on one port, like those of the service. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** As the service has it: it goes out in the `keep-alive` header of every answer. */
export const KEEP_ALIVE_MS = 65_000;

export interface BareThreadData {
  /** 0 picks one. */
  readonly port: number;
  readonly reusePort: boolean;
}

/** Listens, and tells the main thread on which port. */
export async function serve(server: Server): Promise<void> {
  const { port, reusePort } = workerData as BareThreadData;
  server.listen({ host: '127.0.0.1', port, reusePort });
  await once(server, 'listening');
  parentPort!.postMessage((server.address() as AddressInfo).port);
}
