/** What stands between a goal and what was measured, each to be checked by the rows that it names. */

export const BLOCKING_PEER = [
  'The goal was set by earlier releases of multithreading, which were several times slower than 0.3.52 is.',
  'On two threads, `Atomics.add / multithreading, blocking` is what a lock could reach whose every step is one atomic',
  'write to a line that both cores want.',
  'The waiters of multithreading sleep at once, so that one thread runs alone at its pace while the other gets nothing.',
].join(' ');

export const AWAITED = [
  'The rows `no lock: await and finally` and `no lock: await and using` are what the language alone costs.',
  'What `AsyncMutex` adds are two atomic writes and four atomic loads, which a lock of one thread does without.',
].join(' ');

export const QUEUED = [
  'First come, first served takes a promise for each who waits.',
  'The row `no lock, 1 thread: a queue of promises` has that and nothing else: no lock, no time limit, no other thread.',
  'multithreading has no queue: the thread that runs takes the lock again for as long as it likes.',
].join(' ');

export const KEYED = [
  'Each row named `part` does what the one before it does and one thing more: subtract to see what that costs.',
  'A Map hashes in C++ and keeps the hash in the string, so that its second look-up, which stores, costs almost nothing.',
  'The table hashes with a secret seed, in JavaScript; and it opens and closes an intent around each change by two',
  'sequentially consistent stores, which is what lets the next owner repair a change that a dead one left.',
  'With 500 keys everything is in the cache and only that work counts; with more the table catches up, because it loads',
  'fewer cache lines per key.',
].join(' ');
