/** Locks that block, counting: the count is not atomic, so a lock that lets two in at a time loses some. */
import { Mutex } from 'multithreading';
import { SyncMutex } from '../../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { COUNT_WORD, type Hammer, type Post } from '../job.ts';

const CHUNK = 1_000;

/** The floor: an increment that needs no lock. */
export function atomicsAdd({ memory: { words } }: Post): Hammer {
  return {
    chunk: CHUNK,
    work(times) {
      for (let time = 0; time < times; time++) Atomics.add(words, COUNT_WORD, 1);
    },
  };
}

/** The same in a word of its own on the same cache line. */
export function atomicsAddBeside({ memory: { words }, position }: Post): Hammer {
  return {
    chunk: CHUNK,
    work(times) {
      for (let time = 0; time < times; time++) Atomics.add(words, position, 1);
    },
    found: () => words[position]!,
  };
}

export function syncMutex({ memory: { locks, words }, position }: Post): Hammer {
  const mutex = new SyncMutex(locks, 0, { name: 'bench', slot: ThreadTable.slot(position, 0), timeoutMs: 10_000 });
  return {
    chunk: CHUNK,
    work(times) {
      for (let time = 0; time < times; time++) {
        mutex.run(() => {
          words[COUNT_WORD]! += 1;
        });
      }
    },
  };
}

/** Called from so many places, with as many critical sections, that none of them is compiled into the caller. */
export function syncMutexOfMany({ memory: { locks, words }, position }: Post): Hammer {
  const mutex = new SyncMutex(locks, 0, { name: 'bench', slot: ThreadTable.slot(position, 0), timeoutMs: 10_000 });
  const sections = [
    () => ++words[COUNT_WORD]!,
    () => (words[COUNT_WORD]! += 1),
    () => (words[COUNT_WORD] = words[COUNT_WORD]! + 1),
    () => words[COUNT_WORD]!++,
    () => {
      words[COUNT_WORD]!++;
    },
    () => void (words[COUNT_WORD]! += 1),
  ];
  return {
    chunk: CHUNK,
    work(times) {
      for (let time = 0; time < times; time++) mutex.run<number | void>(sections[time % sections.length]!);
    },
  };
}

/** The blocking lock of the npm package `multithreading`; released by `finally`, since `using` would slow it down. */
export function multithreadingBlocking({ memory: { locks, words } }: Post): Hammer {
  const mutex = new Mutex(words, locks.buffer);
  return {
    chunk: CHUNK / 10,
    work(times) {
      for (let time = 0; time < times; time++) {
        const guard = mutex.blockingLock();
        try {
          guard.value[COUNT_WORD]! += 1;
        } finally {
          guard.dispose();
        }
      }
    },
  };
}
