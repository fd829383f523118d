import { Redis } from 'ioredis';
import { seededRandom } from '../../load/seeded-random.ts';
import { type Load, type Subject, TASKS, type Update } from './subjects.ts';

export interface Measurement {
  readonly perSecond: number;
  readonly conflictsPerTransaction: number;
  /** Of all that were acknowledged, how many are not in the counters afterwards. */
  readonly lost: number;
}

export interface Servers {
  /** Leads to Redis over the load's distance. */
  readonly url: string;
  /** Leads there directly. */
  readonly nearUrl: string;
}

/** Every task adds 1 to one counter after another until the time is up; then the counters are added up. */
export async function measure(
  subject: Subject,
  load: Load,
  { url, nearUrl }: Servers,
  { seconds, seed, signal }: { readonly seconds: number; readonly seed: number; readonly signal: AbortSignal },
): Promise<Measurement> {
  using opened = new DisposableStack();
  const control = opened.adopt(new Redis(nearUrl), (redis) => redis.disconnect());
  await control.flushall();
  const update = subject.open(url, opened);
  await Promise.all(Array.from({ length: TASKS }, (_, at) => update(`warm-up-${at}`, addOne)));

  const startedMs = performance.now();
  const counted = await countUpdates(update, load, { untilMs: startedMs + seconds * 1_000, seed, signal });
  const elapsedMs = performance.now() - startedMs;
  signal.throwIfAborted();
  const values = await control.mget(Array.from({ length: load.keys }, (_, at) => `key-${at}`));
  const kept = values.reduce((sum, value) => sum + Number(value), 0);
  return {
    perSecond: (1_000 * counted.transactions) / elapsedMs,
    conflictsPerTransaction: counted.conflicts / counted.transactions,
    lost: counted.transactions - kept,
  };
}

async function countUpdates(
  update: Update,
  { keys }: Load,
  { untilMs, seed, signal }: { readonly untilMs: number; readonly seed: number; readonly signal: AbortSignal },
): Promise<{ transactions: number; conflicts: number }> {
  const random = seededRandom(seed);
  const counted = { transactions: 0, conflicts: 0 };
  const task = async (): Promise<void> => {
    while (performance.now() < untilMs && !signal.aborted) {
      const { conflicts } = await update(`key-${Math.floor(random() * keys)}`, addOne);
      counted.transactions += 1;
      counted.conflicts += conflicts;
    }
  };
  await Promise.all(Array.from({ length: TASKS }, task));
  return counted;
}

function addOne(value: number): number {
  return value + 1;
}
