import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LockTimeoutError, MisuseError, OverloadedError } from '../../src/errors.ts';
import type { Guard } from '../../src/sync/async-mutex.ts';
import { LocalThreads } from '../support/local-threads.ts';

describe('within one thread', () => {
  it('grants at once, without a promise, while nobody holds it', () => {
    using threads = new LocalThreads();
    const guard = threads.asyncMutex(0).acquire();
    expect(guard).not.toBeInstanceOf(Promise);
    (guard as Guard)[Symbol.dispose]();
    expect(threads.locks[0]).toBe(0);
  });

  it('serves first come, first served', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await using _guard = await mutex.acquire();
        order.push(index);
        await turnOfLoop();
      }),
    );
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('counts every grant, times every wait, and one hold in 64', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const first = await mutex.acquire();
    const second = mutex.acquire();
    expect(mutex.stats).toMatchObject({ runs: 1, waits: 0, holdsSampled: 0 });
    await turnOfLoop();
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect(mutex.stats).toMatchObject({ runs: 2, waits: 1, holdsSampled: 1 });
    expect(mutex.stats.waitedMs).toBeGreaterThan(0);
    for (let time = 2; time <= 64; time++) (await mutex.acquire())[Symbol.dispose]();
    expect(mutex.stats).toMatchObject({ runs: 65, waits: 1, holdsSampled: 2 });
  });

  it('lets nobody overtake with tryAcquire', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const first = await mutex.acquire();
    const second = mutex.acquire();
    first[Symbol.dispose]();
    expect(mutex.tryAcquire()).toBeUndefined();
    (await second)[Symbol.dispose]();
    const third = mutex.tryAcquire();
    expect(third).toBeDefined();
    expect(mutex.tryAcquire()).toBeUndefined();
    third?.[Symbol.dispose]();
  });

  it('is released by `await using`, also by a throw', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const failing = async (): Promise<void> => {
      await using _guard = await mutex.acquire();
      throw new RangeError('on purpose');
    };
    await expect(failing()).rejects.toThrow(RangeError);
    expect(threads.locks[0]).toBe(0);
  });

  it('is released once, however often a guard is disposed of', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const first = await mutex.acquire();
    const second = mutex.acquire();
    const third = mutex.acquire();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await first[Symbol.asyncDispose]();
    await second;
    expect(await Promise.race([third, turnOfLoop()])).toBe('turned');
    (await second)[Symbol.dispose]();
    (await third)[Symbol.dispose]();
    expect([...threads.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('takes an aborted waiter out, with the signal’s reason, and serves the others', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const holder = await mutex.acquire();
    const abort = new AbortController();
    const aborted = mutex.acquire({ signal: abort.signal });
    const patient = mutex.acquire();
    const reason = new Error('the client is gone');
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(mutex.waiting).toBe(1);
    holder[Symbol.dispose]();
    (await patient)[Symbol.dispose]();
    expect([...threads.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('lets nobody queue whose signal is aborted already', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const holder = await mutex.acquire();
    expect(() => mutex.acquire({ signal: AbortSignal.abort(new Error('too late')) })).toThrow('too late');
    expect(mutex.waiting).toBe(0);
    holder[Symbol.dispose]();
    expect([...threads.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('asks for no signal while nobody holds it, since a request makes one when asked', async () => {
    using threads = new LocalThreads();
    const options = {
      get signal(): AbortSignal {
        throw new Error('asked');
      },
    };
    (await threads.asyncMutex(0).acquire(options))[Symbol.dispose]();
    expect(threads.locks[0]).toBe(0);
  });

  it('grants a free lock to a caller who is gone already: nothing has changed yet, and asking costs every other caller', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    (await mutex.acquire({ signal: AbortSignal.abort() }))[Symbol.dispose]();
    expect([...threads.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('leaves no listener on a signal that outlives many waits', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const { signal } = new AbortController();
    const holder = await mutex.acquire();
    const waits = Array.from({ length: 10 }, () => mutex.acquire({ signal }));
    holder[Symbol.dispose]();
    for (const wait of waits) (await wait)[Symbol.dispose]();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each([
    ['its own time', { timeoutMs: 10 }, {}],
    ['the time that is left to the caller', { timeoutMs: 60_000 }, { remainingMs: 10 }],
  ])('gives up after %s', async (_, options, waitOptions) => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0, options);
    const holder = await mutex.acquire();
    await expect(mutex.acquire(waitOptions)).rejects.toBeInstanceOf(LockTimeoutError);
    expect(mutex.waiting).toBe(0);
    holder[Symbol.dispose]();
    expect([...threads.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('refuses more waiters than it may have', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0, { maxWaiting: 2 });
    const holder = await mutex.acquire();
    const waits = [mutex.acquire(), mutex.acquire()];
    expect(() => mutex.acquire()).toThrow(OverloadedError);
    holder[Symbol.dispose]();
    for (const wait of waits) (await wait)[Symbol.dispose]();
    (await mutex.acquire())[Symbol.dispose]();
  });

  it('tells waiting and holding apart for a caller who asked', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const parts = { first: [] as string[], second: [] as string[] };
    const first = await mutex.acquire({ timing: { add: (part) => parts.first.push(part) } });
    const second = mutex.acquire({ timing: { add: (part) => parts.second.push(part) } });
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect(parts).toEqual({ first: ['hold'], second: ['wait', 'hold'] });
  });

  it('is released even when the caller’s clock fails', async () => {
    using threads = new LocalThreads();
    const mutex = threads.asyncMutex(0);
    const timing = {
      add() {
        throw new Error('no clock');
      },
    };
    const guard = await mutex.acquire({ timing });
    expect(() => guard[Symbol.dispose]()).toThrow('no clock');
    (await mutex.acquire())[Symbol.dispose]();
  });
});

describe('many that wait on one thread, whose sections take long', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('let the event loop turn between them, and nobody is served after its time', async () => {
    using threads = new LocalThreads();
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const mutex = threads.asyncMutex(0, { timeoutMs: 50, maxWaiting: 200 });
    let inThisTurn = 0;
    let most = 0;
    let isOver = false;
    const turn = (): void => {
      inThisTurn = 0;
      if (!isOver) setImmediate(turn);
    };
    turn();
    const holder = await mutex.acquire();
    const startedMs = nowMs;
    const listings = Array.from({ length: 200 }, async () => {
      await using _guard = await mutex.acquire();
      const servedMs = nowMs - startedMs;
      nowMs += 5;
      most = Math.max(most, ++inThisTurn);
      return servedMs;
    });
    holder[Symbol.dispose]();
    const outcomes = await Promise.allSettled(listings);
    isOver = true;
    const served = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(most).toBeLessThanOrEqual(2);
    expect(served).toHaveLength(10);
    expect(Math.max(...served)).toBeLessThan(50);
    expect(refused.every((error) => error instanceof LockTimeoutError)).toBe(true);
    expect(threads.locks[0]).toBe(0);
  });
});

it('refuses a second of one thread on the same lock', () => {
  using threads = new LocalThreads();
  threads.asyncMutex(0);
  threads.asyncMutex(1);
  expect(() => threads.asyncMutex(0)).toThrow(MisuseError);
});

function turnOfLoop(): Promise<'turned'> {
  return new Promise((resolve) => setImmediate(resolve, 'turned'));
}
