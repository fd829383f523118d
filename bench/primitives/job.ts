/** What a thread of the bench is given, and what it hammers on. */
import type { MessagePort } from 'node:worker_threads';
import type { Awaitable } from '../../src/sync/wait.ts';

/** How large everything is; tests run the same with less. */
export interface Sizes {
  /** Keys in a table of counters that is hammered on. */
  readonly keys: number;
  /** Bytes of each key. */
  readonly keyBytes: number;
  /** Counters whose memory is measured. */
  readonly counters: number;
  /** Callers of one thread that wait at a time, where callers wait. */
  readonly inFlight: number;
  /** Documents in a cache that is read from, and about how long each is. */
  readonly documents: number;
  readonly documentBytes: number;
}

/** Shared by the threads of one measurement, new for each. */
export interface JobMemory {
  /** One cache line per lock. */
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly threads: SharedArrayBuffer;
  /** What is counted. Its words are far apart from everything else. */
  readonly words: Int32Array<SharedArrayBuffer>;
}

export interface Post {
  readonly memory: JobMemory;
  readonly position: number;
  readonly sizes: Sizes;
  /** Leads to the other thread, where two talk to each other. */
  readonly port: MessagePort | undefined;
}

/** A job in one thread. */
export interface Hammer {
  /** How often the work is done between two looks at the clock. */
  readonly chunk: number;
  /** How many call `work` at a time; 1 unless it awaits. */
  readonly callers?: number;
  /** Runs before each chunk, outside the time that counts. */
  prepare?(): void;
  work(times: number): Awaitable<void>;
  /** Runs once the time is over. */
  end?(): void;
  /** How often the work was done by this thread as its result tells, where only this thread can tell. */
  found?(): number;
}

/** The other side of a job: works while somebody asks it to. */
export interface Attendant {
  /** Resolves when nobody will ask any more. */
  readonly attended: Promise<void>;
  found?(): number;
}

export type Job = (post: Post) => Awaitable<Hammer | Attendant>;

/** How often the work was done as shared memory tells. */
export const COUNT_WORD = 0;
