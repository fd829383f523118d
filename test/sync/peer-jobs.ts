/** What threads do with the locks of an npm peer, to show a fault of it. */
import { locks } from 'node:worker_threads';
import { Mutex } from 'multithreading';
import type { Job, Post } from '../support/crew-worker.ts';

/** URL under which a crew loads the jobs below. */
export const PEER_JOBS = import.meta.url;

/** Words of the notes. */
export const WAITING = 0;
export const GRANTED = 1;
export const HOLDING = 2;
export const GO_ON = 3;

/** Of a lock of `node:worker_threads`. */
export const NAME = 'named';

/** Takes the lock of `multithreading` and ends. */
const exitHolding: Job = (post) => {
  mutexOf(post).blockingLock();
  process.exit(0); // of this thread
};

/** Waits for it with nothing else to keep the thread alive. */
const waitAlone: Job = async (post) => {
  post.letEnd();
  using _guard = await mutexOf(post).lock();
};

const waitOnce: Job = async (post) => {
  const turn = mutexOf(post).lock();
  signal(post, WAITING);
  using _guard = await turn;
  signal(post, GRANTED);
};

/** Ends, when told to, while it holds a lock of `node:worker_threads`. */
const holdNamed: Job = async (post) => {
  const { notes } = post.memory;
  await locks.request(NAME, async () => {
    signal(post, HOLDING);
    await Atomics.waitAsync(notes, GO_ON, 0).value;
    process.exit(0); // of this thread
  });
};

export const jobs = { exitHolding, waitAlone, waitOnce, holdNamed };

function mutexOf({ memory }: Post): Mutex {
  return new Mutex(undefined, memory.locks.buffer);
}

function signal({ memory: { notes } }: Post, word: number): void {
  Atomics.store(notes, word, 1);
  Atomics.notify(notes, word);
}
