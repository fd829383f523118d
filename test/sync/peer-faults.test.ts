/** What `known-faults.test.ts` says that ours does not do, in the peers. */
import { locks as named } from 'node:worker_threads';
import { Mutex as SingleThreadMutex, withTimeout } from 'async-mutex';
import { Mutex } from 'multithreading';
import { describe, expect, it } from 'vitest';
import { Crew } from '../support/crew.ts';
import { GO_ON, GRANTED, HOLDING, NAME, PEER_JOBS, WAITING } from './peer-jobs.ts';

// Of these faults one is missing: a blocking acquire of `multithreading` while a task of the same thread holds the lock
// hangs the thread for ever, which no test that ends can show.

it('multithreading: the lock stays locked by nobody', async () => {
  await using crew = new Crew({ locks: 1 });
  await crew.start(0);
  const ended = crew.ended(0);
  void crew.order(0, PEER_JOBS, 'exitHolding').catch(() => {});
  await ended;
  const next = new Mutex(undefined, crew.memory.locks.buffer).lock();
  expect(await Promise.race([next, turnOfLoop()])).toBe('turned');
  crew.memory.locks[0] = 0; // so that the test leaves no waiter behind
  Atomics.notify(crew.memory.locks, 0);
  (await next).dispose();
});

it('multithreading: the next owner sees one half of it', () => {
  const pair = new Int32Array(new SharedArrayBuffer(8));
  const mutex = new Mutex(pair);
  const halfWay = (): void => {
    using guard = mutex.blockingLock();
    guard.value[0] = 2;
    throw new RangeError('before the second half');
  };
  expect(halfWay).toThrow(RangeError);
  using guard = mutex.blockingLock();
  expect([...guard.value]).toEqual([2, 0]);
});

it('multithreading: a wait that its caller has given up takes the lock, and keeps it', async () => {
  const mutex = new Mutex();
  const holder = await mutex.lock();
  const givenUp = mutex.lock(); // it cannot be cancelled, only no longer be looked at
  holder.dispose();
  const guard = await givenUp; // what nobody does who has given up
  const next = mutex.lock();
  expect(await Promise.race([next, turnOfLoop()])).toBe('turned');
  guard.dispose();
  (await next).dispose();
});

it('multithreading: the one wake-up goes to a thread that is busy, while another sleeps beside the free lock', async () => {
  await using crew = new Crew({ locks: 1 });
  await crew.start(0);
  const { locks, notes } = crew.memory;
  const mutex = new Mutex(undefined, locks.buffer);
  const holder = await mutex.lock();
  const busy = mutex.lock();
  const asleep = crew.order(0, PEER_JOBS, 'waitOnce');
  await Atomics.waitAsync(notes, WAITING, 0).value;
  holder.dispose();
  expect(Atomics.wait(notes, GRANTED, 0, 50)).toBe('timed-out'); // this thread is busy, the other is not woken …
  expect(locks[0]).toBe(0); // … and the lock is free
  (await busy).dispose();
  await asleep;
});

it('async-mutex: waits that ran out stay in the queue', async () => {
  const mutex = new SingleThreadMutex();
  await mutex.acquire();
  const limited = withTimeout(mutex, 1);
  await Promise.allSettled(Array.from({ length: 100 }, () => limited.acquire()));
  const { _semaphore: semaphore } = mutex as unknown as { _semaphore: { _queue: unknown[] } };
  expect(semaphore._queue).toHaveLength(100);
});

it('multithreading: the thread ends in the middle of its wait', async () => {
  await using crew = new Crew({ locks: 1 });
  crew.memory.locks[0] = 1; // locked, by whoever
  await crew.start(0);
  const ended = crew.ended(0);
  const waiter = crew.order(0, PEER_JOBS, 'waitAlone');
  await expect(waiter).rejects.toThrow('ended during waitAlone');
  expect((await ended).position).toBe(0);
});

describe('the locks of node:worker_threads', () => {
  it('who waits while the holder ends, waits for ever', async () => {
    await using crew = new Crew({ locks: 1 });
    await crew.start(0);
    const ended = crew.ended(0);
    const { notes } = crew.memory;
    void crew.order(0, PEER_JOBS, 'holdNamed').catch(() => {});
    await Atomics.waitAsync(notes, HOLDING, 0).value;
    const waiter = new AbortController();
    const granted = named.request(NAME, { signal: waiter.signal }, () => 'granted');
    Atomics.store(notes, GO_ON, 1);
    Atomics.notify(notes, GO_ON);
    await ended;
    expect(await Promise.race([granted, turnOfLoop()])).toBe('turned');
    const { held, pending } = await named.query();
    expect([held, pending.map(({ name }) => name)]).toEqual([[], [NAME]]); // held by nobody, and yet waited for
    waiter.abort();
    await expect(granted).rejects.toThrow('aborted');
  });

  it('a callback that throws at once leaves its lock held', async () => {
    await expect(named.request('thrown', throwAtOnce)).rejects.toThrow(RangeError);
    const { held } = await named.query();
    expect(held.map(({ name }) => name)).toEqual(['thrown']);
  });
});

function throwAtOnce(): never {
  throw new RangeError('before anything is asynchronous');
}

function turnOfLoop(): Promise<'turned'> {
  return new Promise((resolve) => setImmediate(resolve, 'turned'));
}
