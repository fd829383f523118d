/**
 * Faults that locks on npm are known for, each by name: ours does not have it. `peer-faults.test.ts` shows them in the
 * peers, as far as that can be shown without hanging.
 */
import { describe, expect, it } from 'vitest';
import { MisuseError } from '../../src/errors.ts';
import { AsyncMutex } from '../../src/sync/async-mutex.ts';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { CONTENDED, nextWaiting, ownerOf } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { Crew } from '../support/crew.ts';
import { LocalThreads } from '../support/local-threads.ts';
import { REAL_MODULES } from '../support/sync-modules.ts';
import { get, openTable, put, tableMemory } from '../support/tables.ts';
import { GO_ON, GRANTED, HOLDING, LOCK_JOBS } from './lock-jobs.ts';

describe('the holder exits, and the next waiter hangs for ever', () => {
  describe.each(['Sync', 'Async'] as const)('%sMutex', (kind) => {
    it.each(['exits by itself', 'is killed'])('its holder %s, and those who wait have it in turn', async (how) => {
      await using crew = new Crew({ locks: 1 });
      await Promise.all([crew.start(0), crew.start(1), crew.start(2)]);
      const { notes } = crew.memory;
      const ended = crew.ended(0);
      void crew.order(0, LOCK_JOBS, `hold${kind}`, { exits: true }).catch(() => {});
      await Atomics.waitAsync(notes, HOLDING, 0).value;
      const waiters = [1, 2].map((position) =>
        crew.order(position, LOCK_JOBS, 'waitOnce', { kind: kind.toLowerCase() }),
      );

      if (how === 'is killed') void crew.kill(0);
      else release(notes);

      expect((await ended).held).toBe(1);
      expect(await Promise.all(waiters)).toEqual([1, 2]);
      expect(Atomics.load(notes, GRANTED)).toBe(2);
    });
  });
});

describe('a throw half-way, and a half-written value is served', () => {
  it('SharedTable under a SyncMutex: the change is rolled back before the next owner reads', () => {
    const shape = { capacity: 4, shards: 1 };
    const memory = tableMemory(shape, REAL_MODULES);
    const [mine, other] = [0, 1].map((at) => openTable(memory, shape, ThreadTable.slot(at, 0), REAL_MODULES)) as [
      ...[ReturnType<typeof openTable>, ReturnType<typeof openTable>],
    ];
    put(mine, 'key', 1);
    const halfWay = (): void =>
      mine.mutexes[0]!.run(() => {
        mine.table.update(mine.table.find('key'), (payload) => {
          mine.table.setNumber(payload, 0, 2);
          throw new RangeError('before the second half');
        });
      });
    expect(halfWay).toThrow(RangeError);
    expect(get(other, 'key')).toBe(1); // `NaN` if its halves differed
  });
});

describe('a blocking acquire while an asynchronous task of the same thread holds the lock, and the thread hangs', () => {
  it('SyncMutex: it tells the thread at once', async () => {
    using threads = new LocalThreads();
    const guard = await threads.asyncMutex(0).acquire();
    const mutex = threads.syncMutex(0, { timeoutMs: 60_000 });
    expect(() => mutex.run(() => 1)).toThrow(MisuseError);
    guard[Symbol.dispose]();
    expect(mutex.run(() => 1)).toBe(1);
  });
});

// At every point, and with those who wake dying too: the step scheduler's scenarios "a waiter is aborted at any time"
// and "2 of 3 threads killed anywhere".
/** Main hands the lock to thread 0, whose event loop stands still; thread 1 waits as well. */
async function handToTheBusy(crew: Crew) {
  await Promise.all([crew.start(0), crew.start(1)]);
  const { locks, notes } = crew.memory;
  const slot = ThreadTable.slot(2, 0);
  crew.threads.enter(slot);
  using doorbell = new Doorbell(crew.threads, slot);
  const options = { name: 'm', slot, threads: crew.threads, doorbell, timeoutMs: 10_000, maxWaiting: 9 };
  const holder = await new AsyncMutex(locks, 0, options).acquire();
  const busy = crew.order(0, LOCK_JOBS, 'waitUnaware', {});
  busy.catch(() => {});
  await Atomics.waitAsync(notes, HOLDING, 0).value;
  const patient = crew.order(1, LOCK_JOBS, 'waitOnce', { kind: 'async' });
  while (nextWaiting(locks, 0, 0, crew.threads) !== 1) await turnOfLoop();
  holder[Symbol.dispose]();
  expect(ownerOf(locks[0]!)).toBe(crew.slotAt(0)); // chosen, and it does not know
  return { busy, patient };
}

describe('a waiter is cancelled or dies after it was chosen, and its wake-up is lost', () => {
  it('AsyncMutex: a lock that comes after its last waiter was aborted goes on to the next thread', async () => {
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

  it('AsyncMutex: a lock that was handed to a thread which died goes on to the next thread', async () => {
    await using crew = new Crew({ locks: 1 });
    const { patient } = await handToTheBusy(crew);
    expect((await crew.kill(0)).held).toBe(0);
    expect(await patient).toBe(1);
  });

  it('AsyncMutex: a lock that was handed to a thread too busy to take it goes to one that waits and runs', async () => {
    await using crew = new Crew({ locks: 1 });
    const { busy, patient } = await handToTheBusy(crew);
    expect(await patient).toBe(1);
    release(crew.memory.notes);
    await busy;
    while (ownerOf(Atomics.load(crew.memory.locks, 0)) !== crew.slotAt(0)) await turnOfLoop(); // its turn has come
  });
});

describe('a lock is free, and everybody queues beside it for one who has yet to wake', () => {
  it('SyncMutex: who runs takes a free lock although another was woken for it', () => {
    using threads = new LocalThreads();
    const [holder, running] = [threads.syncMutex(0), threads.syncMutex(1)];
    holder.run(() => {
      threads.locks[0]! |= CONTENDED; // somebody sleeps: the release will wake them
    });
    expect(running.run(() => 'at once')).toBe('at once');
    expect(running.stats.waits).toBe(0);
  });

  it('AsyncMutex: in its turn a thread serves its own, whoever sleeps elsewhere', async () => {
    using threads = new LocalThreads();
    const [one, two] = [threads.asyncMutex(0), threads.asyncMutex(1)];
    const order: string[] = [];
    const holder = await one.acquire();
    const elsewhere = Promise.resolve(two.acquire()).then(
      (guard) => (order.push('elsewhere'), guard[Symbol.dispose]()),
    );
    const here = Promise.resolve(one.acquire()).then((guard) => (order.push('here'), guard[Symbol.dispose]()));
    holder[Symbol.dispose]();
    expect(ownerOf(threads.locks[0]!)).toBe(ThreadTable.slot(0, 0)); // not handed to who has yet to wake
    await Promise.all([here, elsewhere]);
    expect(order).toEqual(['here', 'elsewhere']);
  });

  it('AsyncMutex: a lock that a dead thread left goes to whoever runs first', async () => {
    using threads = new LocalThreads();
    const [asleep, running] = [threads.asyncMutex(1), threads.asyncMutex(2)];
    await threads.asyncMutex(0).acquire();
    const waiter = asleep.acquire();
    threads.bury(0); // rings the one that waits, whose event loop has not turned yet
    const guard = running.tryAcquire();
    expect(guard).toBeDefined();
    guard?.[Symbol.dispose]();
    (await waiter)[Symbol.dispose]();
  });
});

describe('pending waits leak memory', () => {
  it('AsyncMutex: waits that are given up leave nothing behind', async () => {
    await using crew = new Crew({ locks: 1 });
    await Promise.all([crew.start(0), crew.start(1)]);
    void crew.order(0, LOCK_JOBS, 'holdAsync', { exits: false }).catch(() => {});
    await Atomics.waitAsync(crew.memory.notes, HOLDING, 0).value;
    const grownBytes = (await crew.order(1, LOCK_JOBS, 'giveUpOften', { rounds: 50_000 })) as number;
    expect(grownBytes / 50_000).toBeLessThan(50);
  });
});

describe('a pending wait does not keep its thread alive', () => {
  it('AsyncMutex: a thread with nothing to do but to wait stays until it has the lock', async () => {
    await using crew = new Crew({ locks: 1 });
    await Promise.all([crew.start(0), crew.start(1), crew.start(2)]);
    const { notes } = crew.memory;
    const holder = crew.order(0, LOCK_JOBS, 'holdAsync', { exits: false });
    await Atomics.waitAsync(notes, HOLDING, 0).value;
    const [waiterEnded, idlerEnded] = [crew.ended(1), crew.ended(2)];
    const waiter = crew.order(1, LOCK_JOBS, 'waitOnce', { kind: 'async', alone: true });
    await crew.order(2, LOCK_JOBS, 'letEnd');

    await idlerEnded; // asked later, and gone already
    await crew.start(3);
    expect(crew.slotAt(1)).not.toBe(0);

    release(notes);
    await holder;
    expect(await waiter).toBe(1);
    expect((await waiterEnded).held).toBe(0);
  });
});

function release(notes: Int32Array): void {
  Atomics.store(notes, GO_ON, 1);
  Atomics.notify(notes, GO_ON);
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
