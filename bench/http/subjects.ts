/** Who is measured, and with what. */
import { DOCUMENT, DOCUMENT_KEY, DOCUMENT_TTL_MS } from './document.ts';
import type { Load } from '../../load/cheap-generator.ts';
import type { startServer } from './server-process.ts';

export const THREADS = 2;
const KEY = 'bench';

export interface Subject {
  readonly name: string;
  readonly command: Parameters<typeof startServer>[0];
  readonly settings: Readonly<Record<string, string>>;
  /** Keeps its state for all its threads, which counts what was done and must agree with what was acknowledged. */
  readonly shares: boolean;
  /** The segment of its paths; the bare servers are asked as the first service is. */
  readonly strategy: string;
}

/** The service with one strategy, whose state is under its name. */
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
export const snapshot = serving('snapshot');
export const services: readonly Subject[] = [syncLock, sharded, atomic, snapshot];

function bare(name: string, module: string): Subject {
  const settings = { THREADS: String(THREADS) };
  return { name, command: ['bare-main.ts', module], settings, shares: false, strategy: 'sync-lock' };
}

export const bareHono = bare('bare hono', './bare-hono.ts');
/** For proportion: hono without the contract, but with the service's own economies. */
export const tunedHono = bare('tuned hono', './tuned-hono.ts');
export const bareNode = bare('bare node:http', './bare-node.ts');

/** A route of hono that answers with a constant: the bytes and headers of a cache hit. */
export const constant = bare('constant', './bare-constant.ts');
export const tunedConstant = bare('tuned constant', './tuned-constant.ts');

/** A request with its name, and those who are put under it. */
export interface NamedLoad extends Omit<Load, 'path'> {
  readonly name: string;
  pathOn(subject: Subject): string;
  readonly on: readonly Subject[];
  /** Where a subject that shares tells how often it was done: in a field of the JSON at a path. */
  readonly counted?: { readonly field: string; pathOn(subject: Subject): string };
  /** Puts there what is asked for, before each measurement, on a subject that shares. */
  prepare?(url: string, subject: Subject, signal: AbortSignal): Promise<void>;
}

/** Path of the counter that the increments go to. */
export function counterOn({ strategy }: Pick<Subject, 'strategy'>, key = KEY): string {
  return `/v1/${strategy}/counters/${key}`;
}

export const noBody: NamedLoad = {
  name: 'increment, no body',
  method: 'POST',
  pathOn: (subject) => `${counterOn(subject)}/increment`,
  on: [syncLock, sharded, atomic, bareHono, tunedHono, bareNode],
  counted: { field: 'value', pathOn: (subject) => counterOn(subject) },
};

export const withBody: NamedLoad = { ...noBody, name: 'increment, {"by":1}', body: '{"by":1}' };

export const hit: NamedLoad = {
  name: 'cache hit of 1 KiB',
  method: 'GET',
  pathOn: ({ strategy }) => `/v1/${strategy}/cache/${DOCUMENT_KEY}`,
  on: [syncLock, sharded, snapshot, constant, tunedConstant],
  counted: { field: 'hits', pathOn: ({ strategy }) => `/v1/${strategy}/cache` },

  /** Anew each time, so that `Age` begins with 0. */
  async prepare(url, subject, signal) {
    const body = JSON.stringify({ value: DOCUMENT, ttlMs: DOCUMENT_TTL_MS });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}${hit.pathOn(subject)}`, { method: 'PUT', headers, body, signal });
    if (!response.ok) throw new Error(`${subject.name} answered ${response.status} to the document`);
  },
};

/** The floor of the service: it touches no state and makes no request id. */
export const healthz: NamedLoad = { name: 'healthz', method: 'GET', pathOn: () => '/healthz', on: [syncLock] };

export const loads: readonly NamedLoad[] = [noBody, withBody, hit, healthz];

export const subjects: readonly Subject[] = [...new Set(loads.flatMap(({ on }) => on))];
