/**
 * `node bare-main.ts <module>`: runs a bare server on `THREADS` worker threads, as the service runs its own, and
 * prints the address in the same form.
 */
import '../../src/node-version.mjs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BareThreadData } from './bare-thread.ts';

const module = new URL(process.argv[2]!, import.meta.url);
const threads = Number(process.env['THREADS']);

let port = 0;
for (let thread = 0; thread < threads; thread++) {
  const data: BareThreadData = { port, reusePort: threads > 1 };
  const worker = new Worker(module, { workerData: data });
  [port] = (await once(worker, 'message')) as [number];
}
process.on('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
