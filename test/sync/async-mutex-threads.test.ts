import { afterEach, describe, expect, it, vi } from 'vitest';
import { LockTimeoutError, PoisonedError } from '../../src/errors.ts';
import { type AsyncMutex, TURN_MS } from '../../src/sync/async-mutex.ts';
import { HANDED, isClaiming, isWaiting, ownedBy, setClaiming, setWaiting } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
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
  threads.locks[0] = ownedBy(ThreadTable.slot(1, 0)); // handed over to the dead thread at position 1, just before …
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

/** A clock that goes on only when told. */
function ownClock(): { nowMs: number } {
  const clock = { nowMs: 1_000 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.nowMs);
  return clock;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Who was granted the lock, one after another, when 50 callers of one thread and one of another want it all the time. */
async function grants(sectionMs: number): Promise<string> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // however slow the machine is, nobody is too busy
  using threads = new LocalThreads();
  const clock = ownClock();
  const stop = new AbortController();
  let order = '';
  const caller = async (mutex: AsyncMutex, name: string): Promise<void> => {
    while (!stop.signal.aborted) {
      await using _guard = await mutex.acquire();
      order += name;
      clock.nowMs += sectionMs;
      if (order.length === 400) stop.abort();
    }
  };
  const [many, one] = [threads.asyncMutex(0), threads.asyncMutex(1)];
  await Promise.all([...Array.from({ length: 50 }, () => caller(many, 'm')), caller(one, '1')]);
  return order;
}

describe('shares', () => {
  it('are those of threads: one caller against fifty gets every second grant of a section as long as a turn', async () => {
    const order = (await grants(TURN_MS)).slice(100, 300);
    const ofOne = order.split('1').length - 1;
    expect(ofOne).toBeGreaterThan(95);
    expect(ofOne).toBeLessThan(105);
  });

  it('are one grant for as many as fit into a turn, where sections are shorter', async () => {
    const order = (await grants(TURN_MS / 10)).slice(50, 350);
    const ofOne = order.split('1').length - 1;
    expect(ofOne).toBeGreaterThan(20);
    expect(ofOne).toBeLessThan(40);
  });
});

/** The thread at position 1 waits and does not turn. */
function withABusyThread(options: { timeoutMs?: number } = {}) {
  const threads = new LocalThreads();
  const mutex = threads.asyncMutex(0, options);
  const busy = ThreadTable.slot(1, 0);
  threads.table.enter(busy);
  setWaiting(threads.locks, 0, 1, true);
  const rings = (): number => threads.table.words[threads.table.wakeWord(1)]!;
  return { threads, mutex, busy, rings };
}

describe('a lock that is handed to a thread whose event loop is busy', () => {
  it('is taken back for who waits, and the other rung to count as waiting again once it turns', async () => {
    const { threads, mutex, busy, rings } = withABusyThread();
    (await mutex.acquire())[Symbol.dispose]();
    expect(threads.locks[0]).toBe(ownedBy(busy) | HANDED);
    expect(rings()).toBe(1);
    const guard = await mutex.acquire();
    expect(threads.locks[0]).toBe(ownedBy(ThreadTable.slot(0, 0)));
    expect(isWaiting(threads.locks, 0, 1)).toBe(false);
    expect(rings()).toBe(2);
    guard[Symbol.dispose]();
    expect(threads.locks[0]).toBe(0);
    threads[Symbol.dispose]();
  });

  it('stays with it when it claims', async () => {
    const { threads, mutex, busy } = withABusyThread({ timeoutMs: 20 });
    setClaiming(threads.locks, 0, 1, true);
    (await mutex.acquire())[Symbol.dispose]();
    expect(threads.locks[0]).toBe(ownedBy(busy));
    await expect(mutex.acquire()).rejects.toThrow(LockTimeoutError);
    expect(threads.bury(1)).toBe(1);
    (await mutex.acquire())[Symbol.dispose]();
    threads[Symbol.dispose]();
  });

  it('is free at once when that thread dies, and needs no repair', async () => {
    const { threads, mutex } = withABusyThread();
    (await mutex.acquire())[Symbol.dispose]();
    expect(threads.bury(1)).toBe(0);
    expect(threads.locks[0]).toBe(0);
    (await mutex.acquire())[Symbol.dispose]();
    expect(mutex.repairs).toBe(0);
    threads[Symbol.dispose]();
  });
});

it('a thread that lost its turn claims one when half of a wait is over, and none again for as long as that took', async () => {
  using threads = new LocalThreads();
  const clock = ownClock();
  const [mutex, other] = [threads.asyncMutex(0, { timeoutMs: 1_000 }), threads.asyncMutex(1)];
  const claims = (): boolean => isClaiming(threads.locks, 0, 0);
  /** What the other thread does when it takes the lock back. */
  const passOver = async (): Promise<void> => {
    setWaiting(threads.locks, 0, 0, false);
    threads.table.ring(0);
    await vi.waitUntil(() => isWaiting(threads.locks, 0, 0));
  };
  /** A wait in which this thread loses its turn, and that goes on for `moreMs`. @returns whether it led to a claim */
  const waitFor = async (lastsMs: number, limitMs: number, moreMs: number): Promise<boolean> => {
    const holder = await other.acquire();
    const wait = mutex.acquire({ remainingMs: limitMs });
    clock.nowMs += lastsMs;
    await passOver();
    const isClaimed = claims();
    clock.nowMs += moreMs;
    holder[Symbol.dispose]();
    (await wait)[Symbol.dispose]();
    expect(claims()).toBe(false);
    return isClaimed;
  };
  expect(await waitFor(499, 1_000, 1)).toBe(false);
  expect(await waitFor(500, 1_000, 200)).toBe(true);
  expect(await waitFor(199, 398, 1)).toBe(false);
  expect(await waitFor(10, 20, 1)).toBe(true);
});

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
