/** A service for a long time under load with faults: what it has after each collection, and what it answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '../../src/random.ts';
import { readSettings } from '../../src/settings.ts';
import { servedStrategies } from '../../src/threads/memory.ts';
import { ownedCells } from '../../src/threads/owner.ts';
import { KeptAliveClient } from './kept-alive-client.ts';
import { sharing } from './served.ts';
import { startServiceUnderTest } from './service.ts';
import { type SoakFault, SoakFaults, soakFaults } from './soak-faults.ts';
import { SoakLoad } from './soak-load.ts';
import type { SoakSample } from './soak-verdict.ts';
import { probe, type ServiceSample, withProbe } from './thread-probe.ts';
import { withWallClock } from './wall-clock.ts';

const TOKEN = 'a token for tests';
const THREADS = 2;
const CLIENTS = 24;
const CAPACITY_SECONDS = 8;
const WARMUP_SECONDS = 4;
const LOAD = 0.7;
/** More than any fault takes; who kills a thread waits for the next. */
const FAULT_MS = 60_000;
/** Of connections; a WebSocket on a busy machine must get a pong across within it. */
const TTL_MS = 5_000;
const SWEPT_MS = 1_500;
const SETTLED_MS = 30_000;

export interface SoakPlan {
  readonly seed: number;
  readonly samples: number;
  /** Of each kind in turn, from the first. */
  readonly faultsPerSample: number;
  /** Or later, where a fault takes longer. */
  readonly faultEveryMs: number;
  /** Measured when undefined. */
  readonly capacityPerSecond?: number;
  readonly onSample?: (sample: SoakSample, load: SoakLoad) => void;
}

export interface SoakRun {
  readonly capacityPerSecond: number;
  readonly ratePerSecond: number;
  readonly baseline: ServiceSample;
  readonly samples: readonly SoakSample[];
  /** When all clients have left. */
  readonly end: ServiceSample;
  readonly faults: Readonly<Record<SoakFault, number>>;
  readonly load: Pick<SoakLoad, 'answered' | 'refused' | 'faulted' | 'cut' | 'wrong'>;
  /** Counters that are not what was acknowledged, and connections of which the answers disagree. */
  readonly lost: readonly string[];
  readonly disagreements: readonly string[];
  readonly exitCode: number | null;
}

export async function runSoak(plan: SoakPlan): Promise<SoakRun> {
  const folder = await mkdtemp(join(tmpdir(), 'shared-state-probe-'));
  const socket = join(folder, 'probe.sock');
  const strategies = sharing.map(({ name }) => name);
  const own = {
    STRATEGIES: strategies.join(','),
    THREADS: String(THREADS),
    ADMIN_TOKEN: TOKEN,
    WRITE_THROUGH: 'on',
    ORIGIN_LATENCY_MS: '1',
    CONNECTION_TTL_MS: String(TTL_MS),
    CONNECTIONS_MEMORY_MB: '1', // so that it can be filled
    LOG_LEVEL: 'fatal',
  };
  const owned = ownedCells(servedStrategies(readSettings(own))).map((name) => name.split('/')[0]!);
  const withOwner = owned.length > 0 ? 1 : 0;
  const controls = { CONTROLS: 'on', ...withProbe(socket, THREADS + withOwner) };
  const clockSocket = join(folder, 'clock.sock');
  const service = await startServiceUnderTest(withWallClock(clockSocket, { ...own, ...controls }));
  try {
    const { url } = service;
    const random = seededRandom(plan.seed);
    const load = new SoakLoad(url, strategies, random);
    const faults = new SoakFaults({
      url,
      clockSocket,
      token: TOKEN,
      connectionTtlMs: TTL_MS,
      strategies,
      owned: [...new Set(owned)],
      load,
      random,
    });
    const capacityPerSecond = plan.capacityPerSecond ?? (await capacityOf(load));
    const ratePerSecond = Math.round(LOAD * capacityPerSecond);
    await faults.fill();
    await faults.leaveAll();
    await elapsed(TTL_MS + SWEPT_MS); // what nobody renews is gone by then
    const baseline = await settled(socket);

    await faults.fill();
    const samples = await underLoad(plan, { load, faults, socket, ratePerSecond, hasOwner: withOwner === 1 });
    const lost = await lostIn(url, load);
    await elapsed(TTL_MS + SWEPT_MS);
    const disagreements = await disagreementsIn(url, faults);
    await faults.leaveAll();
    const end = await settled(socket, baseline);
    const exitCode = await service.stop();
    const counted = faults.counted;
    return {
      capacityPerSecond,
      ratePerSecond,
      baseline,
      samples,
      end,
      faults: counted,
      load,
      lost,
      disagreements,
      exitCode,
    };
  } finally {
    await service.stop();
    await rm(folder, { recursive: true });
  }
}

async function capacityOf(load: SoakLoad): Promise<number> {
  await load.closedLoop(CLIENTS, WARMUP_SECONDS);
  return load.closedLoop(CLIENTS, CAPACITY_SECONDS);
}

export interface Parts {
  readonly load: SoakLoad;
  readonly faults: SoakFaults;
  readonly socket: string;
  readonly ratePerSecond: number;
  readonly hasOwner: boolean;
}

/** Load and faults, interrupted for each sample, so that what is under way is no part of it. */
export async function underLoad(
  plan: SoakPlan,
  { load, faults, socket, ratePerSecond, hasOwner }: Parts,
): Promise<SoakSample[]> {
  const samples: SoakSample[] = [];
  const startedMs = performance.now();
  while (samples.length < plan.samples) {
    // An owner of one life has a heap that can be judged: it dies in the first half of the warm-up only, and warms up itself in the other.
    const isEarly = samples.length < plan.samples / 6;
    const possible = soakFaults.filter((name) => name !== 'owner-dies' || (hasOwner && isEarly));
    const stop = new AbortController();
    const loading = load.openLoop(ratePerSecond, stop.signal);
    try {
      for (let met = 0; met < plan.faultsPerSample; met++) {
        const nextMs = performance.now() + plan.faultEveryMs;
        const fault = possible[met % possible.length]!; // the same before each, so that who dies is as old at each
        await Promise.race([faults.meet(fault), tooLate(fault)]);
        await elapsed(Math.max(0, nextMs - performance.now()));
      }
    } finally {
      stop.abort();
      await loading;
    }
    const sample = { atSeconds: Math.round((performance.now() - startedMs) / 1_000), ...(await probe(socket)) };
    samples.push(sample);
    plan.onSample?.(sample, load);
  }
  return samples;
}

async function tooLate(fault: SoakFault): Promise<never> {
  await elapsed(FAULT_MS, undefined, { ref: false });
  throw new Error(`${fault} took more than ${FAULT_MS} ms`);
}

/** The handles and waits of a sample, as the baseline's are. */
export function kept({ threads, waits }: ServiceSample) {
  return { waits, handles: Object.fromEntries(threads.map(({ thread, handles }) => [thread, handles])) };
}

/** Samples until handles and waits are as `wanted`, by default as in the sample before; or for long enough. */
async function settled(socket: string, wanted?: ServiceSample): Promise<ServiceSample> {
  const untilMs = performance.now() + SETTLED_MS;
  for (let before = wanted; ;) {
    const sample = await probe(socket);
    const isSo = before !== undefined && isDeepStrictEqual(kept(sample), kept(before));
    if (isSo || performance.now() > untilMs) return sample;
    before = wanted ?? sample;
    await elapsed(1_000);
  }
}

async function lostIn(url: string, { accounts }: SoakLoad): Promise<string[]> {
  using client = new KeptAliveClient('auditor', url);
  const found: (string | undefined)[] = [];
  for (const account of Array.from(accounts.values()).flat()) {
    const { target } = account;
    const { status, body = '' } = await client.send({ method: 'GET', path: target.path });
    found.push(account.settle(status === 200 ? target.numberIn(body) : undefined));
  }
  return found.filter((one) => one !== undefined);
}

/** Only WebSockets are left, and nobody writes: entries, total and rooms must be exactly those. */
async function disagreementsIn(url: string, faults: SoakFaults): Promise<string[]> {
  using client = new KeptAliveClient('auditor', url);
  const ask = async <T>(path: string): Promise<T> =>
    JSON.parse((await client.send({ method: 'GET', path })).body!) as T;
  const found: string[] = [];
  for (const [name, clients] of faults.sockets) {
    const open = clients.filter(({ socket }) => socket.readyState === socket.OPEN).length;
    const listing = `/v1/${name}/connections?limit=1000`;
    const { connections, total } = await ask<{ connections: unknown[]; total: number }>(listing);
    const { rooms } = await ask<{ rooms: { connections: number }[] }>(`/v1/${name}/rooms`);
    const inRooms = rooms.reduce((sum, room) => sum + room.connections, 0);
    if (connections.length === open && total === open && inRooms === open) continue;
    found.push(`${name}: ${open} open, ${connections.length} listed, total ${total}, ${inRooms} in rooms`);
  }
  return found;
}
