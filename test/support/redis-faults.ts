/**
 * Writers against a Redis that is paused, killed and restarted, and whose connections break around their commands, as a
 * seed decides; then their books are compared with what Redis recorded, change by change, in its append-only file.
 */
import type { RedisOrigin } from '../../src/origin/redis.ts';
import { seededRandom } from '../../src/random.ts';
import { appliedWrites } from './append-only-file.ts';
import { audit, type Findings } from './fault-audit.ts';
import { FAULT_CELL, FaultWriter, Tally } from './fault-writer.ts';
import { connectOrigin } from './redis-rig.ts';
import { type Disturbance, RedisTrouble } from './redis-trouble.ts';

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
  const tally = new Tally();
  const random = seededRandom(seed);
  await using trouble = await RedisTrouble.start({ random, tally, writers: count, heldMs: 1.5 * timeoutMs });
  const origins = await connectAll(trouble.proxy.url, timeoutMs);
  const writers = Array.from({ length: count }, (_, at) => {
    const origin = origins[at % CONNECTIONS]!;
    return new FaultWriter(`writer-${at}`, origin, timeoutMs, seededRandom(1_000 * seed + at), tally);
  });
  const stop = new AbortController();
  const stopped = Promise.all(writers.map((writer) => writer.run(stop.signal)));

  for (let round = 1; round <= rounds; round++) {
    const disturbance = trouble.draw();
    onRound?.(round, disturbance, tally);
    await trouble.disturb(disturbance);
    const enough = writers.map(({ acknowledged }) => acknowledged + RECOVERED);
    await tally.until(() => writers.every(({ acknowledged }, at) => acknowledged >= enough[at]!));
  }
  stop.abort();
  await stopped;

  const restored = new Map((await Array.fromAsync(origins[0]!.restore(FAULT_CELL))).map((entry) => [entry.key, entry]));
  await Promise.all(origins.map((origin) => origin.close()));
  const applied = appliedWrites(await trouble.server.appendOnlyFiles());
  const books = writers.flatMap((writer) => writer.books);
  const findings = audit(books, applied, restored);
  return {
    findings,
    tally,
    rounds: trouble.counted,
    applied: applied.length,
    timeoutMs,
    elapsedMs: performance.now() - startedMs,
  };
}

async function connectAll(url: string, timeoutMs: number): Promise<RedisOrigin[]> {
  const namespace = 'faults';
  const first = await connectOrigin({ url, namespace, timeoutMs }); // takes the epoch
  const { epoch } = first;
  const others = Array.from({ length: CONNECTIONS - 1 }, () => connectOrigin({ url, namespace, timeoutMs, epoch }));
  return [first, ...(await Promise.all(others))];
}
