/** Fixed: the lock blocks for nanoseconds, hidden behind a synchronous method; callers see no lock and no promise. */
import type { SyncMutex } from '../../sync/sync-mutex.ts';
import type { LabSeat } from '../lab-memory.ts';

export type Announce = (level: number) => Promise<unknown>;

export class Stock {
  readonly #levels: Int32Array;
  readonly #mutex: SyncMutex;

  constructor(seat: LabSeat) {
    this.#levels = seat.words;
    this.#mutex = seat.syncMutex();
  }

  add(item: number, by: number): number {
    return this.#mutex.run(() => (this.#levels[item]! += by));
  }

  async restock(item: number, by: number, announce: Announce): Promise<void> {
    const level = this.add(item, by);
    await announce(level); // the guard has ended: in `run` this would not type-check
  }
}
