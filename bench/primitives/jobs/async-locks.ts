/**
 * Locks whose waiters do not block, counting. All are released by `finally`, because `using` costs more than the whole
 * lock in today's V8, and `async-mutex` has no such form; what it costs has a row of its own.
 */
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
  const { mutex, end } = asyncMutexOf(post);
  return { chunk: CHUNK_ALONE, work: asyncMutexWork(mutex, post), end };
}

export function asyncMutexQueue(post: Post): Hammer {
  const { mutex, end } = asyncMutexOf(post);
  return { chunk: CHUNK_OF_MANY, callers: post.sizes.inFlight, work: asyncMutexWork(mutex, post), end };
}

/** As the strategy `async-lock` has it. */
export function asyncMutexUsing(post: Post): Hammer {
  const { mutex, end } = asyncMutexOf(post);
  const { words } = post.memory;
  return {
    chunk: CHUNK_ALONE,
    async work(times) {
      for (let time = 0; time < times; time++) {
        await using _guard = await mutex.acquire();
        words[COUNT_WORD]! += 1;
      }
    },
    end,
  };
}

function asyncMutexOf({ memory, position, sizes }: Post): { mutex: AsyncMutex; end: () => void } {
  const threads = new ThreadTable(memory.threads);
  const slot = ThreadTable.slot(position, 0);
  const doorbell = new Doorbell(threads, slot);
  const limits = { timeoutMs: 10_000, maxWaiting: sizes.inFlight };
  const mutex = new AsyncMutex(memory.locks, 0, { name: 'bench', slot, threads, doorbell, ...limits });
  return { mutex, end: () => doorbell[Symbol.dispose]() };
}

function asyncMutexWork(mutex: AsyncMutex, { memory: { words } }: Post): Hammer['work'] {
  return async (times) => {
    for (let time = 0; time < times; time++) {
      const guard = await mutex.acquire();
      try {
        words[COUNT_WORD]! += 1;
      } finally {
        guard[Symbol.dispose]();
      }
    }
  };
}

/** What the language alone costs: an object that is no promise is awaited, and nothing is locked. */
export function awaitAlone({ memory: { words } }: Post): Hammer {
  const guard = { release() {} };
  return {
    chunk: CHUNK_ALONE,
    async work(times) {
      for (let time = 0; time < times; time++) {
        const awaited = await guard;
        try {
          words[COUNT_WORD]! += 1;
        } finally {
          awaited.release();
        }
      }
    },
  };
}

/** The same with an object that `using` disposes of. */
export function awaitUsing({ memory: { words } }: Post): Hammer {
  const guard = { [Symbol.dispose]() {} };
  return {
    chunk: CHUNK_ALONE,
    async work(times) {
      for (let time = 0; time < times; time++) {
        using _awaited = await guard;
        words[COUNT_WORD]! += 1;
      }
    },
  };
}

/** What any fair queue costs: a promise for each who waits, which the one before resolves; no lock, no limits. */
export function promiseQueue({ memory: { words }, sizes }: Post): Hammer {
  const waiting: (() => void)[] = [];
  let isHeld = false;
  return {
    chunk: CHUNK_OF_MANY,
    callers: sizes.inFlight,
    async work(times) {
      for (let time = 0; time < times; time++) {
        const turn = isHeld ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined;
        isHeld = true;
        await turn;
        try {
          words[COUNT_WORD]! += 1;
        } finally {
          const next = waiting.shift();
          if (next === undefined) isHeld = false;
          else next();
        }
      }
    },
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
      try {
        words[COUNT_WORD]! += 1;
      } finally {
        release();
      }
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
      const guard = await mutex.lock();
      try {
        guard.value[COUNT_WORD]! += 1;
      } finally {
        guard.dispose();
      }
    }
  };
}
