/** Locks whose waiters do not block, counting: acquired, and released by the end of a block. */
import { Mutex as OneThreadMutex } from 'async-mutex';
import { Mutex } from 'multithreading';
import { AsyncMutex } from '../../../src/sync/async-mutex.ts';
import { Doorbell } from '../../../src/sync/doorbell.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { COUNT_WORD, type Hammer, type Post } from '../job.ts';

/** A caller alone looks at the clock this seldom; one of many more often, so that all end at the same time. */
const CHUNK_ALONE = 200;
const CHUNK_OF_MANY = 10;

export function asyncMutex(post: Post): Hammer {
  return { chunk: CHUNK_ALONE, ...asyncMutexWork(post) };
}

export function asyncMutexQueue(post: Post): Hammer {
  return { chunk: CHUNK_OF_MANY, callers: post.sizes.inFlight, ...asyncMutexWork(post) };
}

function asyncMutexWork({ memory, position, sizes }: Post): Pick<Hammer, 'work' | 'end'> {
  const threads = new ThreadTable(memory.threads);
  const slot = ThreadTable.slot(position, 0);
  const doorbell = new Doorbell(threads, slot);
  const limits = { timeoutMs: 10_000, maxWaiting: sizes.inFlight };
  const mutex = new AsyncMutex(memory.locks, 0, { name: 'bench', slot, threads, doorbell, ...limits });
  const { words } = memory;
  return {
    async work(times) {
      for (let time = 0; time < times; time++) {
        using _guard = await mutex.acquire();
        words[COUNT_WORD]! += 1;
      }
    },
    end: () => doorbell[Symbol.dispose](),
  };
}

/** The npm package `async-mutex`, which knows the callers of one thread only. */
export function oneThreadMutex(post: Post): Hammer {
  return { chunk: CHUNK_ALONE, work: oneThreadWork(post) };
}

export function oneThreadMutexQueue(post: Post): Hammer {
  return { chunk: CHUNK_OF_MANY, callers: post.sizes.inFlight, work: oneThreadWork(post) };
}

function oneThreadWork({ memory: { words } }: Post): Hammer['work'] {
  const mutex = new OneThreadMutex();
  return async (times) => {
    for (let time = 0; time < times; time++) {
      const release = await mutex.acquire();
      words[COUNT_WORD]! += 1;
      release();
    }
  };
}

/** The asynchronous lock of the npm package `multithreading`. */
export function multithreadingAsync(post: Post): Hammer {
  return { chunk: CHUNK_ALONE, work: multithreadingWork(post) };
}

export function multithreadingAsyncQueue(post: Post): Hammer {
  return { chunk: CHUNK_OF_MANY, callers: post.sizes.inFlight, work: multithreadingWork(post) };
}

function multithreadingWork({ memory: { locks, words } }: Post): Hammer['work'] {
  const mutex = new Mutex(words, locks.buffer);
  return async (times) => {
    for (let time = 0; time < times; time++) {
      using guard = await mutex.lock();
      guard.value[COUNT_WORD]! += 1;
    }
  };
}
