/** Many registrations over HTTP, some of which fall silent: who is lost, who haunts the map, who left too early. */
import { Pool } from 'undici';
import { startServiceUnderTest } from './service.ts';

const ROOMS = 100;
/** Of ten registrations, so many are never heard of again. */
const SILENT_OF_TEN = 3;
const CLIENTS = 64;
/** After the time to live, for the sweep: at most. */
const SWEPT_MS = 5_000;

export interface ExpiryRun {
  readonly registered: number;
  readonly silent: number;
  readonly heartbeats: number;
  /** Alive, but not in the listing: right after they were registered, and in the end. */
  readonly lost: number;
  /** Silent for longer than the time to live, and in the listing all the same. */
  readonly ghosts: number;
  /** Heartbeats in time that found nobody. */
  readonly sweptEarly: number;
  /** Totals and rooms that differ from the entries. */
  readonly disagreements: number;
  /** Connections of which this client was too slow to be heard in time: they prove nothing. */
  readonly late: number;
}

interface Page {
  readonly connections: readonly { readonly id: string; readonly room: string }[];
  readonly total: number;
  readonly cursor?: string;
}

const isSilent = (at: number): boolean => at % 10 < SILENT_OF_TEN;

export async function runExpiry(strategy: string, count: number, ttlMs: number): Promise<ExpiryRun> {
  await using service = await startServiceUnderTest({
    STRATEGIES: strategy,
    THREADS: '2',
    CONNECTIONS_CAPACITY: String(2 ** Math.ceil(Math.log2(count + 1))),
    CONNECTIONS_MEMORY_MB: '128',
    CONNECTION_TTL_MS: String(ttlMs),
  });
  const pool = new Pool(service.url, { connections: CLIENTS });
  const base = `/v1/${strategy}`;
  const headers = { 'content-type': 'application/json' };

  async function ask(method: 'GET' | 'PUT' | 'POST', path: string, body?: string): Promise<[number, string]> {
    const answer = await pool.request({ method, path: base + path, ...(body === undefined ? {} : { body, headers }) });
    return [answer.statusCode, await answer.body.text()];
  }

  const all = Array.from({ length: count }, (_, at) => at);
  const alive = all.filter((at) => !isSilent(at));
  const heardMs = new Map<number, number>();
  const tooLate = new Set<number>();
  let heartbeats = 0;
  let sweptEarly = 0;

  async function beat(at: number): Promise<void> {
    if (tooLate.has(at)) return; // gone by now, and rightly
    const askedMs = Date.now();
    const [status] = await ask('POST', `/connections/c${at}/heartbeat`);
    const isLate = Date.now() - heardMs.get(at)! >= ttlMs;
    if (isLate) tooLate.add(at);
    else if (status !== 204) sweptEarly += 1;
    heardMs.set(at, askedMs);
    heartbeats += 1;
  }

  async function look(expected: readonly number[]) {
    const entries = new Map<string, string>();
    const totals = new Set<number>();
    let cursor: string | undefined = '0';
    while (cursor !== undefined) {
      const page = JSON.parse((await ask('GET', `/connections?limit=1000&cursor=${cursor}`))[1]) as Page;
      for (const { id, room } of page.connections) entries.set(id, room);
      totals.add(page.total);
      ({ cursor } = page);
    }
    const sizes = new Map<string, number>();
    for (const room of entries.values()) sizes.set(room, (sizes.get(room) ?? 0) + 1);
    const { rooms } = JSON.parse((await ask('GET', '/rooms'))[1]) as { rooms: { room: string; connections: number }[] };
    const differing = rooms.filter(({ room, connections }) => sizes.get(room) !== connections).length;
    const wanted = new Set(expected.map((at) => `c${at}`));
    return {
      lost: expected.filter((at) => !tooLate.has(at) && !entries.has(`c${at}`)).length,
      ghosts: Array.from(entries.keys()).filter((id) => !wanted.has(id)).length,
      disagreements:
        differing + Math.abs(rooms.length - sizes.size) + (totals.size === 1 && totals.has(entries.size) ? 0 : 1),
    };
  }

  await inLanes(alive, async (at) => {
    heardMs.set(at, Date.now());
    await ask('PUT', `/connections/c${at}`, `{"room":"r${at % ROOMS}"}`);
  });
  const silent = all.filter(isSilent);
  const silentSinceMs = Date.now();
  await inLanes(silent, async (at) => {
    heardMs.set(at, Date.now());
    await ask('PUT', `/connections/c${at}`, `{"room":"r${at % ROOMS}"}`);
  });
  const registeredMs = Date.now();
  await inLanes(alive, beat);
  const isSoon = Date.now() - silentSinceMs < ttlMs;
  const first = await look(isSoon ? all : alive);
  while (Date.now() < registeredMs + ttlMs + Math.min(ttlMs, SWEPT_MS)) await inLanes(alive, beat);
  const last = await look(alive);
  await pool.close();
  return {
    registered: count,
    silent: silent.length,
    heartbeats,
    lost: first.lost + last.lost,
    ghosts: last.ghosts,
    sweptEarly,
    disagreements: last.disagreements,
    late: tooLate.size + (isSoon ? 0 : silent.length),
  };
}

async function inLanes(all: readonly number[], act: (at: number) => Promise<void>): Promise<void> {
  const rest = all.values();
  const lane = async (): Promise<void> => {
    for (const at of rest) await act(at);
  };
  await Promise.all(Array.from({ length: CLIENTS }, lane));
}
