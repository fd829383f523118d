/** Fixed: the value is taken out under the guard, the guard ends, and only then does anybody wait. */
import type { SyncMutex } from '../../sync/sync-mutex.ts';
import type { LabSeat } from '../lab-memory.ts';

export type Store = (value: number) => Promise<unknown>;

export class Hits {
  readonly #words: Int32Array;
  readonly #mutex: SyncMutex;

  constructor(seat: LabSeat) {
    this.#words = seat.words;
    this.#mutex = seat.syncMutex();
  }

  async hit(store: Store): Promise<number> {
    const value = this.#mutex.run(() => ++this.#words[0]!); // a promise in here would not type-check
    await store(value);
    return value;
  }
}
