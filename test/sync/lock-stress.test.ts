import { describe, expect, it } from 'vitest';
import { Crew } from '../support/crew.ts';
import { GO_ON, GRANTED, HOLDING, LOCK_JOBS } from './lock-jobs.ts';

describe.each([2, 4])('%i real threads', (threads) => {
  it('count under the blocking mutex and lose nothing', async () => {
    const rounds = 100_000;
    await using crew = new Crew({ locks: 1 });
    await crew.all(threads, LOCK_JOBS, 'countSync', { rounds });
    expect(countOf(crew)).toBe(threads * rounds);
  });

  it.each([1, 2, 3])('count under the asynchronous mutex, with aborts at random moments, seed %i', async (seed) => {
    await using crew = new Crew({ locks: 1 });
    const params = { rounds: 300, tasks: 8, abortEvery: 3, seed };
    const counted = (await crew.all(threads, LOCK_JOBS, 'countAsync', params)) as number[];
    expect(countOf(crew)).toBe(counted.reduce((sum, count) => sum + count));
    expect([...crew.memory.locks.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('take turns: nobody waits long for a mutex that others want as well', async () => {
    await using crew = new Crew({ locks: 1 });
    const longest = (await crew.all(threads, LOCK_JOBS, 'longestWait', { rounds: 300 })) as number[];
    expect(Math.max(...longest)).toBeLessThan(1_000);
  });
});

describe.each(['Sync', 'Async'] as const)('a thread that ends while it holds a %sMutex', (kind) => {
  it.each(['by itself', 'killed'])('(%s) leaves it to the next waiter', async (how) => {
    await using crew = new Crew({ locks: 1 });
    await Promise.all([crew.start(0), crew.start(1), crew.start(2)]);
    const { notes } = crew.memory;
    const ended = crew.ended(0);
    void crew.order(0, LOCK_JOBS, `hold${kind}`, { exits: true }).catch(() => {});
    await Atomics.waitAsync(notes, HOLDING, 0).value;
    const waiters = [1, 2].map((position) => crew.order(position, LOCK_JOBS, 'waitOnce', { kind: kind.toLowerCase() }));

    if (how === 'killed') void crew.kill(0);
    else release(notes);

    expect((await ended).held).toBe(1);
    expect(await Promise.all(waiters)).toEqual([1, 2]);
    expect(Atomics.load(notes, GRANTED)).toBe(2);
  });
});

it('a thread with nothing to do but to wait for an asynchronous mutex stays alive until it has it', async () => {
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

it('waits that are given up leave nothing behind', async () => {
  await using crew = new Crew({ locks: 1 });
  await Promise.all([crew.start(0), crew.start(1)]);
  void crew.order(0, LOCK_JOBS, 'holdAsync', { exits: false }).catch(() => {});
  await Atomics.waitAsync(crew.memory.notes, HOLDING, 0).value;
  const grownBytes = (await crew.order(1, LOCK_JOBS, 'giveUpOften', { rounds: 50_000 })) as number;
  expect(grownBytes / 50_000).toBeLessThan(50);
});

function countOf(crew: Crew): number {
  return new Float64Array(crew.memory.data)[0]!;
}

function release(notes: Int32Array): void {
  Atomics.store(notes, GO_ON, 1);
  Atomics.notify(notes, GO_ON);
}
