/**
 * Writers against a Redis that is paused, killed and restarted, and whose connections break around their commands, as a
 * seed decides; then their books are compared with what Redis recorded, change by change, in its append-only file.
 */
import type { RedisOrigin } from '../../src/origin/redis.ts';
import { seededRandom } from '../../src/random.ts';
import { appliedWrites } from './append-only-file.ts';
import { audit, type Findings } from './fault-audit.ts';
import { FAULT_CELL, FaultWriter, Tally } from './fault-writer.ts';
import { type Fault, FaultyProxy } from './faulty-proxy.ts';
import { connectOrigin } from './redis-rig.ts';
import { RedisServer } from './redis-server.ts';

/** What happens in a round; a fault of the proxy, or one of the server itself. */
export const disturbances = [
  'pause',
  'kill',
  'reset',
  'lose-request',
  'lose-reply',
  'cut-reply',
  'hold-reply',
] as const;
export type Disturbance = (typeof disturbances)[number];

export interface FaultRunOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Deadline of every write. */
  readonly timeoutMs?: number;
  readonly writers?: number;
  readonly onRound?: (round: number, disturbance: Disturbance, tally: Tally) => void;
}

export interface FaultRun {
  readonly findings: Findings;
  readonly tally: Tally;
  readonly rounds: Readonly<Record<Disturbance, number>>;
  /** Changes that Redis recorded. */
  readonly applied: number;
  readonly timeoutMs: number;
  readonly elapsedMs: number;
}

const CONNECTIONS = 2;
/** Acknowledgements of every writer that end a round: the last of them was surely begun after the disturbance. */
const RECOVERED = 2;

export async function runRedisFaults(options: FaultRunOptions): Promise<FaultRun> {
  const { rounds, seed, timeoutMs = 100, writers: count = 8, onRound } = options;
  const startedMs = performance.now();
  const random = seededRandom(seed);
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const tally = new Tally();
  const armed: { fault: Fault; left: number } = { fault: 'none', left: 0 };
  const nextFault = (): Fault => (armed.left-- > 0 ? armed.fault : 'none');

  await using server = await RedisServer.start({ durable: true });
  await using proxy = await FaultyProxy.start({ upstream: server.url, fault: nextFault, heldMs: 1.5 * timeoutMs });
  const origins = await connectAll(proxy.url, timeoutMs);
  const writers = Array.from({ length: count }, (_, at) => {
    const origin = origins[at % CONNECTIONS]!;
    return new FaultWriter(`writer-${at}`, origin, timeoutMs, seededRandom(1_000 * seed + at), tally);
  });
  const stop = new AbortController();
  const stopped = Promise.all(writers.map((writer) => writer.run(stop.signal)));

  const failures = async (): Promise<void> => {
    const enough = tally.failures + upTo(3 * count);
    await tally.until(() => tally.failures >= enough);
  };
  const disturb = async (disturbance: Disturbance): Promise<void> => {
    if (disturbance === 'pause') {
      server.pause();
      await failures();
      server.resume();
    } else if (disturbance === 'kill') {
      await server.kill();
      await failures();
      await server.restart();
    } else if (disturbance === 'reset') {
      proxy.resetAll();
    } else {
      Object.assign(armed, { fault: disturbance, left: upTo(4) });
      await tally.until(() => armed.left <= 0);
    }
  };

  const counted = Object.fromEntries(disturbances.map((name) => [name, 0])) as Record<Disturbance, number>;
  for (let round = 1; round <= rounds; round++) {
    const disturbance = disturbances[upTo(disturbances.length) - 1]!;
    onRound?.(round, disturbance, tally);
    counted[disturbance] += 1;
    await disturb(disturbance);
    const enough = writers.map(({ acknowledged }) => acknowledged + RECOVERED);
    await tally.until(() => writers.every(({ acknowledged }, at) => acknowledged >= enough[at]!));
  }
  stop.abort();
  await stopped;

  const restored = new Map((await Array.fromAsync(origins[0]!.restore(FAULT_CELL))).map((entry) => [entry.key, entry]));
  await Promise.all(origins.map((origin) => origin.close()));
  const applied = appliedWrites(await server.appendOnlyFiles());
  const books = writers.flatMap((writer) => writer.books);
  const findings = audit(books, applied, restored);
  return {
    findings,
    tally,
    rounds: counted,
    applied: applied.length,
    timeoutMs,
    elapsedMs: performance.now() - startedMs,
  };
}

async function connectAll(url: string, timeoutMs: number): Promise<RedisOrigin[]> {
  const namespace = 'faults';
  const first = await connectOrigin({ url, namespace, timeoutMs }); // takes the first epoch
  const others = Array.from({ length: CONNECTIONS - 1 }, () => connectOrigin({ url, namespace, timeoutMs, epoch: 1 }));
  return [first, ...(await Promise.all(others))];
}
