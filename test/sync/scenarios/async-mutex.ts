/** Small programs for the asynchronous mutex: who queues for it, leaves the queue, is handed the lock, or dies. */
import type { AsyncMutex } from '../../../src/sync/async-mutex.ts';
import { type Actor, clearSection, type RunMemory, type Scenario } from '../../support/steps/scenario.ts';
import { buryTheDead } from './bury.ts';
import { ACKNOWLEDGED, COUNT, exact, hasCode } from './counted.ts';

function mutexOf(actor: Actor, timeoutMs = 1_000): AsyncMutex {
  const { sync, memory, slot, table } = actor;
  return actor.quietly(() => {
    const doorbell = new sync.Doorbell(table, slot);
    const repair = (): void => clearSection(memory);
    const options = { name: 'm', slot, threads: table, doorbell, timeoutMs, maxWaiting: 9, repair };
    const mutex = new sync.AsyncMutex(memory.locks, 0, options);
    keepOnly(actor, mutex);
    return mutex;
  });
}

/** First of a word per thread: how many of its tasks have ended; and of another: what its slow one has read. */
const ENDED = 16;
const READ = 24;

/** A thread whose event loop is idle is in the state of its mutex and of its notes, however it came there. */
function keepOnly(actor: Actor, mutex: AsyncMutex & { knows?: readonly number[] }): void {
  // The real source does not say; see `SMALL_BOUNDS`.
  if (mutex.knows !== undefined) actor.keepsOnly(() => mutex.knows!);
}

async function countUnder(actor: Actor, mutex: AsyncMutex, signal?: AbortSignal): Promise<void> {
  const { notes } = actor.memory;
  try {
    await using _guard = await mutex.acquire({ signal });
    const before = notes[COUNT]!;
    actor.exclusive();
    notes[COUNT] = before + 1;
  } finally {
    notes[ENDED + actor.thread]! += 1;
  }
  notes[ACKNOWLEDGED + actor.thread]! += 1;
}

/** Counts under the mutex with the guard held while the event loop turns. */
async function countSlowly(actor: Actor, mutex: AsyncMutex): Promise<void> {
  const { notes } = actor.memory;
  try {
    await using _guard = await mutex.acquire();
    const before = notes[COUNT]!;
    notes[READ + actor.thread] = before;
    await new Promise<void>((resolve) => setImmediate(resolve));
    actor.exclusive();
    notes[COUNT] = before + 1;
  } finally {
    notes[ENDED + actor.thread]! += 1;
  }
  notes[ACKNOWLEDGED + actor.thread]! += 1;
}

async function allOf(tasks: Promise<void>[]): Promise<void> {
  await Promise.all(tasks);
}

async function told(codes: readonly string[], action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!hasCode(error, codes)) throw error;
  }
}

function settled(memory: RunMemory, unknown = 0): string[] {
  const bits = memory.locks[1]! | memory.locks[2]!;
  return [...exact(memory, unknown), ...(bits === 0 ? [] : [`threads ${bits.toString(2)} still count as waiting`])];
}

function counting(threads: number, tasks: number): Scenario {
  return {
    name: `${threads} threads, ${tasks} tasks each`,
    threads,
    exhaustive: threads === 2 || tasks === 1,
    locks: 1,
    async program(actor) {
      const mutex = mutexOf(actor);
      await Promise.all(Array.from({ length: tasks }, () => countUnder(actor, mutex)));
    },
    problems: (memory) => settled(memory),
  };
}

function killing(threads: number, kills: number, tasks = 1): Scenario {
  return {
    name: `${kills} of ${threads} threads killed anywhere, ${tasks} tasks each`,
    threads: threads + 1,
    exhaustive: threads === 2,
    locks: 1,
    kills,
    killable: 2 ** threads - 1,
    program(actor) {
      if (actor.thread === threads) return buryTheDead(actor);
      const mutex = mutexOf(actor);
      return allOf(Array.from({ length: tasks }, () => countUnder(actor, mutex)));
    },
    problems: (memory) => settled(memory, kills * tasks),
  };
}

/** Time passes, so that what was handed over and not taken yet may be taken back. */
function takingBack(threads: number, kills = 0): Scenario {
  const deaths = kills === 0 ? '' : `, ${kills} of them killed anywhere`;
  return {
    name: `${threads} threads take back what was handed over${deaths}`,
    threads: kills === 0 ? threads : threads + 1,
    exhaustive: threads === 2 && kills === 0,
    locks: 1,
    timeouts: 2,
    kills,
    killable: 2 ** threads - 1,
    async program(actor) {
      if (actor.thread === threads) return buryTheDead(actor);
      const mutex = mutexOf(actor);
      await countUnder(actor, mutex);
      if (actor.thread === 0) await countUnder(actor, mutex);
    },
    problems: (memory) => settled(memory, kills * 2),
  };
}

export const scenarios: readonly Scenario[] = [
  counting(2, 1),
  counting(2, 2),
  counting(3, 1),
  counting(3, 2),
  {
    name: 'a guard held while the event loop turns',
    threads: 2,
    exhaustive: true,
    locks: 1,
    async program(actor) {
      const mutex = mutexOf(actor);
      await Promise.all([countSlowly(actor, mutex), countUnder(actor, mutex)]);
    },
    problems: (memory) => settled(memory),
  },
  {
    name: 'a waiter is aborted at any time',
    threads: 3,
    locks: 1,
    async program(actor) {
      const mutex = mutexOf(actor);
      if (actor.thread !== 1) return countSlowly(actor, mutex);
      const abort = new AbortController();
      actor.event(() => abort.abort(new DOMException('gone', 'AbortError')));
      await countUnder(actor, mutex, abort.signal).catch((error: unknown) => {
        if (!(error instanceof DOMException)) throw error;
      });
    },
    problems: (memory) => settled(memory),
  },
  {
    name: 'two waits run out',
    threads: 3,
    locks: 1,
    timeouts: 2,
    async program(actor) {
      const mutex = mutexOf(actor, 4); // before it looks whether it may take the lock back
      if (actor.thread === 0) await told(['LOCK_TIMEOUT'], countSlowly(actor, mutex));
      else await told(['LOCK_TIMEOUT'], countUnder(actor, mutex));
    },
    problems: (memory) => settled(memory),
  },
  takingBack(2),
  takingBack(3),
  takingBack(2, 1),
  takingBack(3, 1),
  killing(2, 1),
  killing(2, 1, 2),
  killing(3, 1),
  killing(3, 2),
];
