/** Who is measured, and with what. */
import type { Load } from './generator.ts';
import type { startServer } from './server-process.ts';

export const THREADS = 2;
const KEY = 'bench';

export interface Subject {
  readonly name: string;
  readonly command: Parameters<typeof startServer>[0];
  readonly settings: Readonly<Record<string, string>>;
  /** Keeps one counter for all its threads, which can be read and must agree with what was acknowledged. */
  readonly shares: boolean;
}

export const service: Subject = {
  name: 'sync-lock',
  command: ['../../src/main.ts'],
  settings: { THREADS: String(THREADS), PORT: '0', STRATEGIES: 'sync-lock', LOG_LEVEL: 'error' },
  shares: true,
};

export const bareHono: Subject = {
  name: 'bare hono',
  command: ['bare-main.ts', './bare-hono.ts'],
  settings: { THREADS: String(THREADS) },
  shares: false,
};

/** For proportion: hono without the contract, but with the service's own economies. */
export const tunedHono: Subject = {
  name: 'tuned hono',
  command: ['bare-main.ts', './tuned-hono.ts'],
  settings: { THREADS: String(THREADS) },
  shares: false,
};

export const bareNode: Subject = {
  name: 'bare node:http',
  command: ['bare-main.ts', './bare-node.ts'],
  settings: { THREADS: String(THREADS) },
  shares: false,
};

export const subjects: readonly Subject[] = [service, bareHono, tunedHono, bareNode];

/** A load with its name, and those who are put under it. */
export interface NamedLoad extends Load {
  readonly name: string;
  readonly on: readonly Subject[];
}

export const COUNTER = `/v1/sync-lock/counters/${KEY}`;

export const noBody: NamedLoad = {
  name: 'increment, no body',
  method: 'POST',
  path: `${COUNTER}/increment`,
  on: subjects,
};

export const withBody: NamedLoad = { ...noBody, name: 'increment, {"by":1}', body: '{"by":1}' };

/** The floor of the service: it touches no state and makes no request id. */
export const healthz: NamedLoad = { name: 'healthz', method: 'GET', path: '/healthz', on: [service] };

export const loads: readonly NamedLoad[] = [noBody, withBody, healthz];

/** Each adds 1 to the counter. */
export const increments: ReadonlySet<Load> = new Set([noBody, withBody]);
