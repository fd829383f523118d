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
  /** The segment of its paths; the bare servers are asked as the first service is. */
  readonly strategy: string;
}

/** The service with one strategy, whose counters are under its name. */
function serving(strategy: string): Subject {
  return {
    name: strategy,
    command: ['../../src/main.ts'],
    settings: { THREADS: String(THREADS), PORT: '0', STRATEGIES: strategy, LOG_LEVEL: 'error' },
    shares: true,
    strategy,
  };
}

export const syncLock = serving('sync-lock');
export const sharded = serving('sharded');
export const atomic = serving('atomic');
export const services: readonly Subject[] = [syncLock, sharded, atomic];

export const bareHono: Subject = {
  name: 'bare hono',
  command: ['bare-main.ts', './bare-hono.ts'],
  settings: { THREADS: String(THREADS) },
  shares: false,
  strategy: 'sync-lock',
};

/** For proportion: hono without the contract, but with the service's own economies. */
export const tunedHono: Subject = {
  name: 'tuned hono',
  command: ['bare-main.ts', './tuned-hono.ts'],
  settings: { THREADS: String(THREADS) },
  shares: false,
  strategy: 'sync-lock',
};

export const bareNode: Subject = {
  name: 'bare node:http',
  command: ['bare-main.ts', './bare-node.ts'],
  settings: { THREADS: String(THREADS) },
  shares: false,
  strategy: 'sync-lock',
};

export const subjects: readonly Subject[] = [...services, bareHono, tunedHono, bareNode];

/** A request with its name, and those who are put under it. */
export interface NamedLoad extends Omit<Load, 'path'> {
  readonly name: string;
  pathOn(subject: Subject): string;
  readonly on: readonly Subject[];
}

/** Path of the counter that the increments go to. */
export function counterOn({ strategy }: Pick<Subject, 'strategy'>, key = KEY): string {
  return `/v1/${strategy}/counters/${key}`;
}

export const noBody: NamedLoad = {
  name: 'increment, no body',
  method: 'POST',
  pathOn: (subject) => `${counterOn(subject)}/increment`,
  on: subjects,
};

export const withBody: NamedLoad = { ...noBody, name: 'increment, {"by":1}', body: '{"by":1}' };

/** The floor of the service: it touches no state and makes no request id. */
export const healthz: NamedLoad = { name: 'healthz', method: 'GET', pathOn: () => '/healthz', on: [syncLock] };

export const loads: readonly NamedLoad[] = [noBody, withBody, healthz];

/** Each adds 1 to the counter. */
export const increments: ReadonlySet<NamedLoad> = new Set([noBody, withBody]);
