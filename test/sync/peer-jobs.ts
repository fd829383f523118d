/** What threads do with the locks of an npm peer, to show a fault of it. */
import { Mutex } from 'multithreading';
import type { Job, Post } from '../support/crew-worker.ts';

/** URL under which a crew loads the jobs below. */
export const PEER_JOBS = import.meta.url;

/** Words of the notes. */
export const WAITING = 0;
export const GRANTED = 1;

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

export const jobs = { exitHolding, waitAlone, waitOnce };

function mutexOf({ memory }: Post): Mutex {
  return new Mutex(undefined, memory.locks.buffer);
}

function signal({ memory: { notes } }: Post, word: number): void {
  Atomics.store(notes, word, 1);
  Atomics.notify(notes, word);
}
