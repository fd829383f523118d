/** autocannon in a process of its own, so that its CPU time can be told from the runner's. Prints its result as JSON. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Load } from './cheap-generator.ts';

export interface AutocannonTask {
  readonly url: string;
  readonly requests: readonly Load[];
  readonly connections: number;
  readonly seconds: number;
}

/** It has no types of its own. */
type Autocannon = (options: {
  readonly url: string;
  readonly connections: number;
  readonly duration: number;
  readonly requests: readonly object[];
}) => Promise<unknown>;

async function run({ url, requests, connections, seconds }: AutocannonTask): Promise<void> {
  const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;
  const sent = requests.map(({ method, path, body }) => ({
    method,
    path,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  }));
  const result = await autocannon({ url, connections, duration: seconds, requests: sent });
  process.stdout.write(JSON.stringify(result));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run(JSON.parse(process.argv[2]!) as AutocannonTask);
}
