/** Who is measured, beside whom, and what the figures should be. */
import type { JobName } from './jobs.ts';
import * as whyMissed from './why-missed.ts';

export interface Subject {
  readonly name: string;
  /** One job per thread. */
  readonly jobs: readonly JobName[];
  /** What the threads count: a word of shared memory, or what each of them found. */
  readonly counts: 'in memory' | 'in threads';
}

/** Subjects that are measured right after one another, so that their ratios can be believed. */
export interface Group {
  readonly name: string;
  readonly subjects: readonly Subject[];
}

function alone(name: string, job: JobName, counts: Subject['counts'] = 'in memory'): Subject {
  return { name, jobs: [job], counts };
}

function twice(name: string, job: JobName, counts: Subject['counts'] = 'in memory'): Subject {
  return { name, jobs: [job, job], counts };
}

export const add = alone('Atomics.add', ['locks', 'atomicsAdd']);
export const sync = alone('SyncMutex.run', ['locks', 'syncMutex']);
export const syncOfMany = alone('SyncMutex.run, from many places', ['locks', 'syncMutexOfMany']);
export const blocking = alone('multithreading, blocking', ['locks', 'multithreadingBlocking']);

export const addOf2 = twice('Atomics.add', ['locks', 'atomicsAdd']);
export const addBesideOf2 = twice('Atomics.add, two words of a line', ['locks', 'atomicsAddBeside'], 'in threads');
export const syncOf2 = twice('SyncMutex.run', ['locks', 'syncMutex']);
export const blockingOf2 = twice('multithreading, blocking', ['locks', 'multithreadingBlocking']);

export const async = alone('AsyncMutex', ['async-locks', 'asyncMutex']);
export const asyncUsing = alone('AsyncMutex, by await using', ['async-locks', 'asyncMutexUsing']);
export const awaitAlone = alone('no lock: await and finally', ['async-locks', 'awaitAlone']);
export const awaitUsing = alone('no lock: await and using', ['async-locks', 'awaitUsing']);
export const oneThread = alone('async-mutex', ['async-locks', 'oneThreadMutex']);
export const awaiting = alone('multithreading, async', ['async-locks', 'multithreadingAsync']);

export const asyncOf2 = twice('AsyncMutex, many callers', ['async-locks', 'asyncMutexQueue']);
export const asyncOneCallerOf2 = twice('AsyncMutex, one caller each', ['async-locks', 'asyncMutex']);
export const oneThreadAgain = alone('async-mutex, 1 thread, one caller', ['async-locks', 'oneThreadMutex']);
export const oneThreadQueue = alone('async-mutex, 1 thread, many callers', ['async-locks', 'oneThreadMutexQueue']);
export const promiseQueue = alone('no lock, 1 thread: a queue of promises', ['async-locks', 'promiseQueue']);
export const awaitingOf2 = twice('multithreading, async, many callers', ['async-locks', 'multithreadingAsyncQueue']);
export const awaitingOneCallerOf2 = twice('multithreading, async, one caller each', [
  'async-locks',
  'multithreadingAsync',
]);

export const tableFresh = alone('SharedTable', ['counters', 'tableFresh'], 'in threads');
export const lockedTableFresh = alone('SharedTable in SyncMutex.run', ['counters', 'lockedTableFresh'], 'in threads');
export const mapFresh = alone('Map', ['counters', 'mapFresh'], 'in threads');
export const keysAlone = alone('part: the loop', ['counters', 'keysAlone'], 'in threads');
export const keysHashed = alone('part: and bytes and hash of the key', ['counters', 'keysHashed'], 'in threads');
export const tableFound = alone('part: and SharedTable.find', ['counters', 'tableFound'], 'in threads');
export const mapFound = alone('part: the loop and Map.get', ['counters', 'mapFound'], 'in threads');
export const tableOfFew = alone('SharedTable, 500 keys', ['counters', 'tableOfFew'], 'in threads');
export const mapOfFew = alone('Map, 500 keys', ['counters', 'mapOfFew'], 'in threads');
export const tableReused = alone('SharedTable', ['counters', 'tableReused'], 'in threads');
export const mapReused = alone('Map', ['counters', 'mapReused'], 'in threads');

/** The hit of `actor` is missing, since it takes two threads: it is an ask, and two copies of the document more. */
export const lruHit = alone('lru-cache', ['cache-hits', 'lruCache'], 'in threads');
export const singleThreadHit = alone('single-thread', ['cache-hits', 'singleThread'], 'in threads');
export const syncLockHit = alone('sync-lock', ['cache-hits', 'syncLock'], 'in threads');
export const asyncLockHit = alone('async-lock', ['cache-hits', 'asyncLock'], 'in threads');
export const shardedHit = alone('sharded', ['cache-hits', 'sharded'], 'in threads');
export const snapshotHit = alone('snapshot', ['cache-hits', 'snapshot'], 'in threads');

export const load = alone('one Atomics.load', ['snapshots', 'atomicLoad'], 'in threads');
export const remembered = alone('SnapshotCell, remembering', ['snapshots', 'remembered'], 'in threads');
export const pinned = alone('SnapshotCell.read', ['snapshots', 'pinned'], 'in threads');

export const asks: Subject = {
  name: 'mailbox',
  jobs: [
    ['asks', 'mailboxOwner'],
    ['asks', 'mailboxAsks'],
  ],
  counts: 'in threads',
};
export const asksInTime: Subject = {
  ...asks,
  name: 'mailbox, with deadlines',
  jobs: [
    ['asks', 'mailboxOwner'],
    ['asks', 'mailboxAsksInTime'],
  ],
};
export const messages: Subject = {
  ...asks,
  name: 'one message per ask',
  jobs: [
    ['asks', 'portOwner'],
    ['asks', 'portAsks'],
  ],
};

export const groups = [
  { name: 'increments, 1 thread', subjects: [add, sync, syncOfMany, blocking] },
  { name: 'increments, 2 threads', subjects: [addOf2, addBesideOf2, syncOf2, blockingOf2] },
  { name: 'awaited lock, 1 thread', subjects: [async, asyncUsing, awaitAlone, awaitUsing, oneThread, awaiting] },
  {
    name: 'awaited lock, 2 threads',
    subjects: [
      asyncOf2,
      asyncOneCallerOf2,
      promiseQueue,
      oneThreadAgain,
      oneThreadQueue,
      awaitingOf2,
      awaitingOneCallerOf2,
    ],
  },
  {
    name: 'counters by key, fresh strings',
    subjects: [
      tableFresh,
      lockedTableFresh,
      mapFresh,
      keysAlone,
      keysHashed,
      tableFound,
      mapFound,
      tableOfFew,
      mapOfFew,
    ],
  },
  { name: 'counters by key, reused strings', subjects: [tableReused, mapReused] },
  {
    name: 'cache hits of 1 KiB, fresh strings',
    subjects: [lruHit, singleThreadHit, syncLockHit, asyncLockHit, shardedHit, snapshotHit],
  },
  { name: 'unchanged value', subjects: [load, remembered, pinned] },
  { name: 'asks', subjects: [asks, asksInTime, messages] },
] as const satisfies readonly Group[];

/** A ratio that is reported; one without a goal is shown for what it explains. */
export interface Comparison {
  readonly over: Subject;
  readonly under: Subject;
  readonly goal?: number;
  /** What the rows beside it say about a goal that is missed. */
  readonly whyMissed?: string;
}

export const comparisons: readonly Comparison[] = [
  { over: sync, under: add, goal: 0.3 },
  { over: sync, under: blocking, goal: 20, whyMissed: whyMissed.BLOCKING_PEER },
  { over: syncOfMany, under: add },
  { over: syncOf2, under: addOf2, goal: 0.25 },
  { over: syncOf2, under: addBesideOf2 },
  { over: syncOf2, under: blockingOf2, goal: 20, whyMissed: whyMissed.BLOCKING_PEER },
  { over: addOf2, under: blockingOf2 },
  { over: async, under: oneThread, goal: 8, whyMissed: whyMissed.AWAITED },
  { over: asyncUsing, under: oneThread },
  { over: awaitAlone, under: oneThread },
  { over: async, under: awaiting },
  { over: asyncOf2, under: oneThreadAgain, goal: 3, whyMissed: whyMissed.QUEUED },
  { over: asyncOf2, under: oneThreadQueue },
  { over: asyncOf2, under: awaitingOf2, goal: 10, whyMissed: whyMissed.QUEUED },
  { over: promiseQueue, under: awaitingOf2 },
  { over: asyncOneCallerOf2, under: awaitingOneCallerOf2 },
  { over: tableFresh, under: mapFresh, goal: 1.2, whyMissed: whyMissed.KEYED },
  { over: tableFound, under: mapFound },
  { over: tableOfFew, under: mapOfFew },
  { over: lockedTableFresh, under: mapFresh },
  { over: tableReused, under: mapReused },
  { over: singleThreadHit, under: lruHit },
  { over: syncLockHit, under: lruHit },
  { over: asyncLockHit, under: lruHit },
  { over: shardedHit, under: lruHit },
  { over: snapshotHit, under: lruHit },
  { over: remembered, under: load, goal: 0.5 },
  { over: pinned, under: load },
  { over: asks, under: messages, goal: 2 },
  { over: asksInTime, under: messages },
];

/** Asks a second that the mailbox should reach. */
export const ASKS_PER_SECOND = 400_000;
/** What the counters of `Sizes.counters` may keep in memory. */
export const MAX_RESIDENT_MIB = 128;
