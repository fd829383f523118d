/** What the threads of a crew do with the mutexes. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AsyncMutex, PATIENCE_MS } from '../../src/sync/async-mutex.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { seededRandom } from '../../src/random.ts';
import type { Job, Post } from '../support/crew-worker.ts';

/** URL under which a crew loads the jobs below. */
export const LOCK_JOBS = import.meta.url;

/** Words of the notes. */
export const HOLDING = 0;
export const GO_ON = 1;
export const GRANTED = 2;

interface Rounds {
  readonly rounds: number;
  readonly seed?: number;
}

interface Tasks extends Rounds {
  readonly tasks: number;
  /** One acquire in so many is aborted at a random moment; 0 for none. */
  readonly abortEvery: number;
  /** After one acquire in so many the event loop stands still, for longer than what was handed over is left alone. */
  readonly busyEvery?: number;
}

const countSync: Job<Rounds> = (post, { rounds }) => {
  const mutex = syncMutex(post);
  const count = new Float64Array(post.memory.data);
  for (let round = 0; round < rounds; round++) {
    mutex.run(() => {
      count[0]! += 1; // not atomic: two at a time would lose one
    });
  }
  return mutex.stats;
};

const countAsync: Job<Tasks> = async (post, { rounds, tasks, abortEvery, busyEvery = 0, seed = 1 }) => {
  const mutex = asyncMutex(post);
  const count = new Float64Array(post.memory.data);
  const random = seededRandom(seed + post.position);
  let counted = 0;
  const worker = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const abort = abortEvery > 0 && random() * abortEvery < 1 ? new AbortController() : undefined;
      if (abort !== undefined) abortSoon(abort, random());
      const isBusy = busyEvery > 0 && random() * busyEvery < 1;
      try {
        const turn = mutex.acquire({ signal: abort?.signal });
        if (isBusy) standStill(2 * PATIENCE_MS);
        await using _guard = await turn;
        const before = count[0]!;
        if (random() < 0.05) await turnOfLoop();
        count[0] = before + 1;
        counted += 1;
      } catch (error) {
        if (!abort?.signal.aborted) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: tasks }, worker));
  return counted;
};

/** Takes the lock and keeps it until told otherwise, then ends: by itself, or by leaving the guard to its fate. */
const holdSync: Job<{ exits: boolean }> = (post, { exits }) => {
  const { notes } = post.memory;
  syncMutex(post).run(() => {
    signal(notes, HOLDING);
    Atomics.wait(notes, GO_ON, 0);
    if (exits) process.exit(0); // of this thread, in the middle of its critical section
  });
};

const holdAsync: Job<{ exits: boolean }> = async (post, { exits }) => {
  const { notes } = post.memory;
  await using _guard = await asyncMutex(post).acquire();
  signal(notes, HOLDING);
  await Atomics.waitAsync(notes, GO_ON, 0).value;
  if (exits) process.exit(0);
};

/** Waits for the lock once; `alone` means that nothing else keeps the thread alive. */
const waitOnce: Job<{ kind: 'sync' | 'async'; alone?: boolean }> = async (post, { kind, alone = false }) => {
  const { notes } = post.memory;
  if (alone) post.letEnd();
  if (kind === 'sync') syncMutex(post).run(() => signal(notes, GRANTED));
  else {
    await using _guard = await asyncMutex(post).acquire();
    signal(notes, GRANTED);
  }
  return post.position;
};

/** Waits for the lock, and is too busy to notice that it gets it. */
const waitUnaware: Job = (post) => {
  const { notes } = post.memory;
  void asyncMutex(post).acquire();
  signal(notes, HOLDING);
  Atomics.wait(notes, GO_ON, 0);
};

/** Nothing keeps the thread alive any more. */
const letEnd: Job = (post) => post.letEnd();

/** The longest wait of a thread that takes the lock again and again, with work of its own in between. */
const longestWait: Job<Rounds> = async (post, { rounds }) => {
  const mutex = asyncMutex(post);
  let longestMs = 0;
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    {
      await using _guard = await mutex.acquire();
      longestMs = Math.max(longestMs, performance.now() - startedMs);
    }
    await turnOfLoop();
  }
  return longestMs;
};

/** Waits that are all aborted or time out, so many times; returns how much the heap grew in bytes. */
const giveUpOften: Job<Rounds> = async (post, { rounds }) => {
  const mutex = asyncMutex(post);
  const once = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 100) {
      const abort = new AbortController();
      const waits = Array.from({ length: 100 }, () => mutex.acquire({ signal: abort.signal }));
      abort.abort();
      await Promise.allSettled(waits);
    }
  };
  await once(2_000); // what warm code keeps
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  await once(rounds);
  collect();
  return process.memoryUsage().heapUsed - before;
};

export const jobs = {
  countSync,
  countAsync,
  holdSync,
  holdAsync,
  waitOnce,
  waitUnaware,
  letEnd,
  longestWait,
  giveUpOften,
};

function syncMutex({ memory, slot }: Post): SyncMutex {
  return new SyncMutex(memory.locks, 0, { name: 'm', slot, timeoutMs: 10_000 });
}

let attached: AsyncMutex | undefined;

/** One for the life of the thread. */
function asyncMutex({ memory, slot, threads, doorbell }: Post): AsyncMutex {
  attached ??= new AsyncMutex(memory.locks, 0, {
    name: 'm',
    slot,
    threads,
    doorbell,
    timeoutMs: 10_000,
    maxWaiting: 10_000,
  });
  return attached;
}

function signal(notes: Int32Array, word: number): void {
  Atomics.add(notes, word, 1);
  Atomics.notify(notes, word);
}

function standStill(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function abortSoon(abort: AbortController, chance: number): void {
  if (chance < 0.5) queueMicrotask(() => abort.abort());
  else setImmediate(() => abort.abort());
}
