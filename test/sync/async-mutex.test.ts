import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { LockTimeoutError, MisuseError, OverloadedError, PoisonedError } from '../../src/errors.ts';
import type { AsyncMutex, Guard } from '../../src/sync/async-mutex.ts';
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

it('refuses a second of one thread on the same lock', () => {
  using threads = new LocalThreads();
  threads.asyncMutex(0);
  threads.asyncMutex(1);
  expect(() => threads.asyncMutex(0)).toThrow(MisuseError);
});

// Two mutexes with slots and doorbells of their own are two threads, as far as the lock can tell.
describe('between threads', () => {
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

  it('hands on a lock that comes after its last waiter has left', async () => {
    using threads = new LocalThreads();
    const [one, two, three] = [threads.asyncMutex(0), threads.asyncMutex(1), threads.asyncMutex(2)];
    const holder = await one.acquire();
    const abort = new AbortController();
    const aborted = two.acquire({ signal: abort.signal });
    const patient = three.acquire();
    holder[Symbol.dispose](); // hands over to the second thread, which has not noticed yet
    abort.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    (await patient)[Symbol.dispose]();
    expect(threads.locks[0]).toBe(0);
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
});

function turnOfLoop(): Promise<'turned'> {
  return new Promise((resolve) => setImmediate(resolve, 'turned'));
}
