/** What an idle WebSocket takes of the service's memory, and whether that stays so while clients come and go. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../src/settings.ts';
import { servedStrategies } from '../../src/threads/memory.ts';
import { ownedCells } from '../../src/threads/owner.ts';
import { trendOf } from './robust-trend.ts';
import { startServiceUnderTest } from './service.ts';
import { SocketClient } from './socket-client.ts';
import { probe, withProbe } from './thread-probe.ts';

const OPENED_AT_ONCE = 50;
const THREADS = 2;

/** Of a connection that came and went, more than this many bytes that surely stay are a leak. */
const LEAK_BYTES = 64;
/** Where this many may have stayed, nothing is proved. */
const NOISE_BYTES = 512;

export interface MemoryPlan {
  readonly sockets: number;
  /** In each all leave and as many come. */
  readonly rounds: number;
  /**
   * Connections that come and go before. Until a thread has seen a thousand or two, what grows with each is code: V8
   * goes on to compile and optimize, here and there again later.
   */
  readonly warmUpReconnects: number;
}

/** After a collection in every thread. */
export interface MemorySample {
  /** Connections that were opened anew since the first sample. */
  readonly reconnects: number;
  /** TCP connections that are open: the WebSockets. */
  readonly connections: number;
  /** Heaps of all threads, and what belongs to them outside. */
  readonly liveBytes: number;
  readonly residentBytes: number;
}

export interface MemoryRun {
  /** For each idle WebSocket more. */
  readonly liveBytesPerSocket: number;
  readonly residentBytesPerSocket: number;
  /** Before the first was opened, of those that stay. */
  readonly empty: MemorySample;
  /** With all of them open, after each round in which all left and as many came. */
  readonly soak: readonly MemorySample[];
}

export async function runMemory(strategy: string, plan: MemoryPlan): Promise<MemoryRun> {
  const folder = await mkdtemp(join(tmpdir(), 'shared-state-probe-'));
  try {
    return await measured(strategy, plan, join(folder, 'probe.sock'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measured(strategy: string, plan: MemoryPlan, probeSocket: string): Promise<MemoryRun> {
  const { sockets, rounds, warmUpReconnects } = plan;
  const own = { STRATEGIES: strategy, THREADS: String(THREADS) };
  const owners = ownedCells(servedStrategies(readSettings(own))).length > 0 ? 1 : 0;
  await using service = await startServiceUnderTest({ ...own, ...withProbe(probeSocket, THREADS + owners) });
  const base = `${service.url}/v1/${strategy}`;
  const sample = async (reconnects: number): Promise<MemorySample> => {
    const { residentBytes, threads } = await probe(probeSocket);
    const liveBytes = threads.reduce((sum, { heapBytes, externalBytes }) => sum + heapBytes + externalBytes, 0);
    const connections = threads.reduce((sum, { handles }) => sum + (handles['TCPSocketWrap'] ?? 0), 0);
    return { reconnects, connections, liveBytes, residentBytes };
  };
  for (let warm = 0; warm < warmUpReconnects; warm += sockets) await leaveAll(await openAll(base, sockets));
  const empty = await sample(0);
  let clients = await openAll(base, sockets);
  const full = await sample(0);
  const soak = [full];
  for (let round = 1; round <= rounds; round++) {
    await leaveAll(clients);
    clients = await openAll(base, sockets);
    soak.push(await sample(round * sockets));
  }
  await leaveAll(clients);
  return {
    liveBytesPerSocket: Math.round((full.liveBytes - empty.liveBytes) / sockets),
    residentBytesPerSocket: Math.round((full.residentBytes - empty.residentBytes) / sockets),
    empty,
    soak,
  };
}

export interface LeakVerdict {
  readonly verdict: 'flat' | 'grows' | 'noise';
  /** Bytes that stay of each connection that came and went, with the ends of their interval. */
  readonly bytesPerReconnect: number;
  readonly least: number;
  readonly most: number;
}

/** What stays of connections that left, by the trend of what is alive after collections. */
export function judgeLeak(soak: readonly MemorySample[]): LeakVerdict {
  const reconnects = soak.at(-1)!.reconnects - soak[0]!.reconnects;
  const { growth, least, most } = trendOf(soak.map(({ reconnects: at, liveBytes: value }) => ({ at, value })));
  const each = { bytesPerReconnect: growth / reconnects, least: least / reconnects, most: most / reconnects };
  if (each.least > LEAK_BYTES) return { verdict: 'grows', ...each };
  return { verdict: each.most > NOISE_BYTES ? 'noise' : 'flat', ...each };
}

async function openAll(base: string, sockets: number): Promise<SocketClient[]> {
  const clients: SocketClient[] = [];
  for (let at = 0; at < sockets; at += OPENED_AT_ONCE) {
    const some = Array.from({ length: Math.min(OPENED_AT_ONCE, sockets - at) }, () =>
      SocketClient.open(base, { room: 'idle' }),
    );
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

async function leaveAll(clients: readonly SocketClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.leave()));
}
