/** A bystander on /healthz, which touches no shared state: alone, beside heartbeats, and beside long listings as well. */
import { setTimeout as elapsed } from 'node:timers/promises';
import { quantileSorted } from 'simple-statistics';
import { Pool } from 'undici';
import { startBystander } from './bystander.ts';
import { startServiceUnderTest } from './service.ts';

const ROOM = 'hall';
const PROBES_PER_SECOND = 200;
const CLIENTS = 32;

export interface ListingPlan {
  /** In the one room. */
  readonly connections: number;
  /** A second alone, a second beside heartbeats, a second beside both: so often, so that a noisy machine is to all alike. */
  readonly rounds: number;
  readonly heartbeatsPerSecond: number;
  readonly listingsPerSecond: number;
  /** Of a page. */
  readonly limit: number;
}

export interface ListingRun {
  /** The bystander's p99 in ms over all rounds. */
  readonly idleMs: number;
  readonly heartbeatsMs: number;
  readonly listingsMs: number;
  /** Of the first and the second half of the time: how much the machine itself differs. */
  readonly idleHalvesMs: readonly [number, number];
  /** Beside which it was measured: at least one in each round. */
  readonly pages: number;
  /** Answers that were no success, and pages that had not all they should have. */
  readonly failed: number;
}

export async function runListing(strategy: string, plan: ListingPlan): Promise<ListingRun> {
  const { connections, rounds, limit } = plan;
  await using service = await startServiceUnderTest({
    STRATEGIES: strategy,
    THREADS: '2',
    CONNECTION_TTL_MS: '600000',
    CONNECTIONS_CAPACITY: String(2 ** Math.ceil(Math.log2(connections + 1))),
  });
  await using bystander = startBystander(service.url, PROBES_PER_SECOND);
  const pool = new Pool(service.url, { connections: CLIENTS });
  const base = `/v1/${strategy}/connections`;
  const headers = { 'content-type': 'application/json' };
  let [failed, pages] = [0, 0];

  async function ask(method: 'GET' | 'PUT' | 'POST', path: string, body?: string): Promise<string> {
    const answer = await pool.request({ method, path: base + path, ...(body === undefined ? {} : { body, headers }) });
    if (answer.statusCode >= 300) failed += 1;
    return await answer.body.text();
  }

  const beat = (at: number) => ask('POST', `/c${(at * 7919) % connections}/heartbeat`);
  const list = async (): Promise<void> => {
    const page = await ask('GET', `?room=${ROOM}&limit=${limit}`);
    if (!page.includes('"connections":[{') || !page.includes(`"total":${connections}`)) failed += 1;
    pages += 1;
  };
  const beside = async (...load: readonly (readonly [perSecond: number, act: (at: number) => Promise<unknown>])[]) => {
    const over = new AbortController();
    const loading = load.map(([perSecond, act]) => repeat(perSecond, over.signal, act));
    const elapsedMs = await bystander.measure(1);
    over.abort();
    await Promise.all(loading);
    return elapsedMs;
  };

  for (let from = 0; from < connections; from += CLIENTS) {
    const ids = Array.from({ length: Math.min(CLIENTS, connections - from) }, (_, at) => `/c${from + at}`);
    await Promise.all(ids.map((id) => ask('PUT', id, `{"room":"${ROOM}"}`)));
  }
  const heartbeats = [plan.heartbeatsPerSecond, beat] as const;
  const listings = [plan.listingsPerSecond, list] as const;
  for (let warmup = 0; warmup < 3; warmup++) await beside(heartbeats, listings);
  pages = 0;
  const found = { idle: [] as number[], heartbeats: [] as number[], listings: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    found.idle.push(...(await beside()));
    found.heartbeats.push(...(await beside(heartbeats)));
    found.listings.push(...(await beside(heartbeats, listings)));
  }
  await pool.close();
  const half = Math.ceil(found.idle.length / 2);
  return {
    idleMs: p99(found.idle),
    heartbeatsMs: p99(found.heartbeats),
    listingsMs: p99(found.listings),
    idleHalvesMs: [p99(found.idle.slice(0, half)), p99(found.idle.slice(half))],
    pages,
    failed,
  };
}

/** Acts at a steady rate, whatever becomes of it, until it is told to stop; resolves when all is over. */
async function repeat(perSecond: number, stop: AbortSignal, act: (at: number) => Promise<unknown>): Promise<void> {
  const acting: Promise<unknown>[] = [];
  const startedMs = performance.now();
  for (let at = 0; !stop.aborted; at++) {
    const dueMs = startedMs + (at * 1000) / perSecond - performance.now();
    if (dueMs > 0) await elapsed(dueMs);
    acting.push(act(at));
  }
  await Promise.all(acting);
}

function p99(elapsedMs: readonly number[]): number {
  return quantileSorted(
    elapsedMs.toSorted((a, b) => a - b),
    0.99,
  );
}
