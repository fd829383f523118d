import { expect, it } from 'vitest';
import { LockTimeoutError, MisuseError, PoisonedError } from '../../src/errors.ts';
import type { Timing } from '../../src/sync/wait.ts';
import { LocalThreads } from '../support/local-threads.ts';

/** A critical section that returns a promise behind the compiler's back. */
const promising = (() => Promise.resolve()) as unknown as () => void;

// oxlint-disable-next-line unicorn/no-thenable -- it is there to be refused
const thenable = (value: object): object => Object.assign(value, { then: () => {} });

const failing = (): never => {
  throw new Error('beyond repair');
};

it('returns what the critical section returns', () => {
  using threads = new LocalThreads();
  expect(threads.syncMutex(0).run(() => 42)).toBe(42);
});

it('is free again after a throw, and not poisoned', () => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(0);
  expect(() =>
    mutex.run(() => {
      throw new RangeError('on purpose');
    }),
  ).toThrow(RangeError);
  expect(threads.syncMutex(1).run(() => 'mine')).toBe('mine');
  expect(threads.locks[0]).toBe(0);
});

it('has the guarded state repaired after a throw, before anybody else sees it', () => {
  using threads = new LocalThreads();
  let state = 'whole';
  const mutex = threads.syncMutex(0, { repair: () => (state = 'repaired') });
  expect(() =>
    mutex.run(() => {
      state = 'half';
      throw new Error('on purpose');
    }),
  ).toThrow('on purpose');
  expect(threads.syncMutex(1).run(() => state)).toBe('repaired');
});

it('refuses an async function before it runs', () => {
  using threads = new LocalThreads();
  let ran = false;
  const critical = (async () => {
    ran = true;
  }) as unknown as () => void;
  expect(() => threads.syncMutex(0).run(critical)).toThrow(MisuseError);
  expect(ran).toBe(false);
  expect(threads.locks[0]).toBe(0);
});

it.each([
  ['a promise', () => Promise.resolve()],
  ['a thenable', () => thenable({})],
  ['a function that is a thenable', () => thenable(() => {})],
])('is poisoned by %s that its critical section returns', (_, critical) => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(0);
  expect(() => mutex.run(critical as () => void)).toThrow(MisuseError);
  expect(() => mutex.run(() => 1)).toThrow(PoisonedError);
  expect(() => threads.syncMutex(1).run(() => 1)).toThrow(PoisonedError);
});

it('recovers from poison with a repair', () => {
  using threads = new LocalThreads();
  let repairs = 0;
  const mutex = threads.syncMutex(0, { repair: () => (repairs += 1) });
  expect(mutex.recover()).toBe(false);
  expect(() => mutex.run(promising)).toThrow(MisuseError);
  expect(mutex.recover()).toBe(true);
  expect(mutex.run(() => 1)).toBe(1);
  expect(repairs).toBe(1);
  expect(mutex.repairs).toBe(1);
});

it('is poisoned by a repair that throws, and tells everybody', () => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(1, { repair: failing });
  threads.syncMutex(0).run(() => threads.bury(0));
  threads.locks[0] = 0b010; // as `abandon` left it, before the release of a thread that is not really dead
  expect(() => mutex.run(() => 1)).toThrow(PoisonedError);
  expect(() => mutex.run(() => 1)).toThrow(PoisonedError);
  expect(mutex.repairs).toBe(0);
});

it('tells a thread that would wait for itself at once', () => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(0, { timeoutMs: 60_000 });
  expect(() => mutex.run(() => mutex.run(() => 1))).toThrow(MisuseError);
  expect(mutex.run(() => 1)).toBe(1);
});

it('gives up after its time, does not run, and leaves the lock to its holder', () => {
  using threads = new LocalThreads();
  const other = threads.syncMutex(1, { timeoutMs: 20 });
  let ran = false;
  threads.syncMutex(0).run(() => {
    const told = { code: 'LOCK_TIMEOUT', outcome: 'not-applied', waitedMs: expect.any(Number) };
    expect(() => other.run(() => (ran = true))).toThrow(expect.objectContaining(told));
  });
  expect(ran).toBe(false);
  expect(other.run(() => 1)).toBe(1);
});

it.each([0, -5, 10])('waits no longer than the %i ms that are left to the caller', (remainingMs) => {
  using threads = new LocalThreads();
  const other = threads.syncMutex(1, { timeoutMs: 60_000 });
  const startedMs = performance.now();
  threads.syncMutex(0).run(() => expect(() => other.run(() => 1, { remainingMs })).toThrow(LockTimeoutError));
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

it('counts runs, waits and sampled holds', () => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(0, { timeoutMs: 5 });
  for (let run = 0; run < 129; run++) mutex.run(() => {});
  expect(mutex.stats).toMatchObject({ runs: 129, waits: 0, waitedMs: 0, holdsSampled: 3 });
  threads.syncMutex(1).run(() => expect(() => mutex.run(() => {})).toThrow(LockTimeoutError));
  expect(mutex.stats.waits).toBe(1);
  expect(mutex.stats.waitedMs).toBeGreaterThanOrEqual(4);
});

it('times every run for a caller who asked, and counts it like any other', () => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(0);
  const parts: string[] = [];
  const timing: Timing = { add: (part) => parts.push(part) };
  for (let run = 0; run < 3; run++) mutex.run(() => {}, { timing });
  expect(parts).toEqual(['hold', 'hold', 'hold']);
  expect(mutex.stats.runs).toBe(3);
});

it('is released even when the caller’s clock fails', () => {
  using threads = new LocalThreads();
  const mutex = threads.syncMutex(0);
  const timing: Timing = {
    add() {
      throw new Error('no clock');
    },
  };
  expect(() => mutex.run(() => {}, { timing })).toThrow('no clock');
  expect(mutex.run(() => 1)).toBe(1);
});

it('goes from a dead owner to the next, who repairs first', () => {
  using threads = new LocalThreads();
  const log: string[] = [];
  const next = threads.syncMutex(1, { repair: () => log.push('repair') });
  threads.syncMutex(0).run(() => {
    expect(threads.bury(0)).toBe(1);
    next.run(() => log.push('run'));
    threads.locks[0] = 0; // the dead do not release
  });
  expect(log).toEqual(['repair', 'run']);
  expect(next.repairs).toBe(1);
});
