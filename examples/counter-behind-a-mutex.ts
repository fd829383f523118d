/** A small counter hidden behind a synchronous method: the guard ends before the caller awaits anything. */
import { SyncMutex } from '../src/sync/sync-mutex.ts';

export class SharedCounter {
  readonly #words: Int32Array; // word 0 is the value; the lock has a cache line of its own
  readonly #mutex: SyncMutex;

  /** @param slot the calling thread's number, from 1; every thread has its own */
  constructor(memory: SharedArrayBuffer, slot: number) {
    this.#words = new Int32Array(memory, 64);
    this.#mutex = new SyncMutex(new Int32Array(memory, 0, 16), 0, { name: 'counter', slot, timeoutMs: 1000 });
  }

  increment(): number {
    return this.#mutex.run(() => ++this.#words[0]!); // what runs inside cannot await: a promise does not type-check
  }
}

/** Awaits between increments, never inside one. */
export async function countTo(counter: SharedCounter, times: number, elsewhere: () => Promise<void>): Promise<void> {
  for (let at = 0; at < times; at++) {
    counter.increment(); // the guard has ended
    await elsewhere(); // and only then do we wait
  }
}
