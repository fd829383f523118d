/** Broken: the guard is still held while the origin is awaited, and whoever wants it stops a whole event loop. */
import type { LabSeat } from '../lab-memory.ts';
import { GuardMutex } from './guard-mutex.ts';

export type Store = (value: number) => Promise<unknown>;

export class Hits {
  readonly #words: Int32Array;
  readonly #mutex: GuardMutex;

  constructor(seat: LabSeat) {
    this.#words = seat.words;
    this.#mutex = new GuardMutex(seat);
  }

  async hit(store: Store): Promise<number> {
    using _guard = this.#mutex.lock();
    const value = ++this.#words[0]!;
    await store(value); // held: the next task of this thread that wants the lock waits for itself
    return value;
  }
}
