import { expect, it } from 'vitest';
import { PoisonedError } from '../../src/errors.ts';
import type { AsyncMutex } from '../../src/sync/async-mutex.ts';
import { LocalThreads } from '../support/local-threads.ts';

// Two mutexes with slots and doorbells of their own are two threads, as far as the lock can tell.
it('hands the lock to the thread that waits, at its release', async () => {
  using threads = new LocalThreads();
  const [one, two] = [threads.asyncMutex(0), threads.asyncMutex(1)];
  const holder = await one.acquire();
  const waiter = two.acquire();
  holder[Symbol.dispose]();
  expect(one.tryAcquire()).toBeUndefined();
  (await waiter)[Symbol.dispose]();
  expect(threads.locks[0]).toBe(0);
});

it('keeps its turn for about a millisecond, however many wait on its own thread', async () => {
  using threads = new LocalThreads();
  const [one, two] = [threads.asyncMutex(0), threads.asyncMutex(1)];
  const stop = new AbortController();
  const greedy = Array.from({ length: 4 }, async () => {
    while (!stop.signal.aborted) {
      await using _guard = await one.acquire();
      await turnOfLoop();
    }
  });
  for (let turn = 0; turn < 5; turn++) (await two.acquire())[Symbol.dispose]();
  stop.abort();
  await Promise.all(greedy);
});

it('goes from a dead owner to the next waiter, who repairs first', async () => {
  using threads = new LocalThreads();
  let repairs = 0;
  const next = threads.asyncMutex(1, { repair: () => (repairs += 1) });
  await threads.asyncMutex(0).acquire();
  const waiter = next.acquire();
  expect(threads.bury(0)).toBe(1);
  (await waiter)[Symbol.dispose]();
  expect(repairs).toBe(1);
  expect(next.repairs).toBe(1);
});

it('frees a lock that a dead thread handed to one that was buried before', async () => {
  using threads = new LocalThreads();
  await threads.asyncMutex(0).acquire();
  const next = threads.asyncMutex(2);
  const waiter = next.acquire();
  threads.asyncMutex(1);
  threads.bury(1);
  threads.locks[0] = 2 << 3; // handed over to the dead thread at position 1, just before …
  threads.bury(0); // … the one that did so died
  (await waiter)[Symbol.dispose]();
  expect(threads.locks[0]).toBe(0);
});

it('poisons when a repair fails, tells all who wait, and recovers', async () => {
  using threads = new LocalThreads();
  let works = false;
  const repair = (): void => {
    if (!works) throw new Error('beyond repair');
  };
  await threads.asyncMutex(0).acquire();
  const mutexes: AsyncMutex[] = [threads.asyncMutex(1, { repair }), threads.asyncMutex(2, { repair })];
  const waits = mutexes.map((mutex) => mutex.acquire());
  threads.bury(0);
  for (const wait of waits) await expect(wait).rejects.toBeInstanceOf(PoisonedError);
  expect(() => mutexes[0]!.acquire()).toThrow(PoisonedError);
  works = true;
  expect(mutexes[1]!.recover()).toBe(true);
  (await mutexes[0]!.acquire())[Symbol.dispose]();
  expect(mutexes[0]!.repairs).toBe(1);
});

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
