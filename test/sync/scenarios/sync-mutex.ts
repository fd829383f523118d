/** Small programs for the blocking mutex: who counts under it, waits for it, throws or dies in it. */
import type { SyncMutex } from '../../../src/sync/sync-mutex.ts';
import { type Actor, clearSection, type Scenario } from '../../support/steps/scenario.ts';
import { buryTheDead } from './bury.ts';
import { ACKNOWLEDGED, COUNT, exact, hasCode } from './counted.ts';

function mutexOf({ sync, memory, slot }: Actor, timeoutMs = 1_000): SyncMutex {
  const repair = (): void => clearSection(memory);
  return new sync.SyncMutex(memory.locks, 0, { name: 'm', slot, timeoutMs, repair });
}

function countUnder(actor: Actor, mutex: SyncMutex): void {
  const { notes } = actor.memory;
  mutex.run(() => {
    const before = notes[COUNT]!;
    actor.saw(before);
    actor.exclusive();
    notes[COUNT] = before + 1;
  });
  actor.forget(++notes[ACKNOWLEDGED + actor.thread]!);
}

/** Runs `action` and passes over the errors with one of these codes; a caller was told. */
function told(codes: readonly string[], action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!hasCode(error, codes)) throw error;
  }
}

/** A critical section that returns a promise behind the compiler's back. */
const promising = (() => Promise.resolve()) as unknown as () => void;

function counting(threads: number, rounds: number): Scenario {
  return {
    name: `${threads} threads count ${rounds} each`,
    threads,
    exhaustive: threads === 2 || rounds === 1,
    locks: 1,
    program(actor) {
      const mutex = mutexOf(actor);
      for (let round = 0; round < rounds; round++) countUnder(actor, mutex);
    },
    problems: (memory) => exact(memory),
  };
}

function killing(threads: number, kills: number): Scenario {
  return {
    name: `${kills} of ${threads} threads killed anywhere`,
    threads: threads + 1,
    exhaustive: kills === 1,
    locks: 1,
    kills,
    killable: 2 ** threads - 1,
    program(actor) {
      if (actor.thread === threads) return buryTheDead(actor);
      countUnder(actor, mutexOf(actor));
    },
    problems: (memory) => exact(memory, kills),
  };
}

export const scenarios: readonly Scenario[] = [
  counting(2, 1),
  counting(2, 3),
  counting(3, 1),
  counting(3, 2),
  {
    name: 'two of three waits run out',
    threads: 3,
    locks: 1,
    timeouts: 2,
    program(actor) {
      const mutex = mutexOf(actor);
      told(['LOCK_TIMEOUT'], () => countUnder(actor, mutex));
      if (actor.thread === 0) told(['LOCK_TIMEOUT'], () => countUnder(actor, mutex));
    },
    problems: (memory) => exact(memory),
  },
  {
    name: 'a critical section throws',
    threads: 3,
    exhaustive: true,
    locks: 1,
    program(actor) {
      const mutex = mutexOf(actor);
      if (actor.thread > 0) return countUnder(actor, mutex);
      try {
        mutex.run(() => {
          actor.pause();
          throw new RangeError('on purpose');
        });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    },
    problems: (memory) => exact(memory),
  },
  {
    name: 'one poisons, all are told, one recovers',
    threads: 3,
    locks: 1,
    program(actor) {
      const mutex = mutexOf(actor);
      if (actor.thread > 0) told(['POISONED'], () => countUnder(actor, mutex));
      else {
        told(['INTERNAL'], () => mutex.run(promising));
        if (!mutex.recover()) actor.fail('it was not poisoned');
        countUnder(actor, mutex);
      }
    },
    problems: (memory) => exact(memory),
  },
  killing(2, 1),
  killing(3, 1),
  killing(3, 2),
];
