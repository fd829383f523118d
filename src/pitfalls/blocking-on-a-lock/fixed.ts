/** Fixed: the lock is held for a copy, and the report is written from the copy. */
import type { SyncMutex } from '../../sync/sync-mutex.ts';
import type { LabSeat } from '../lab-memory.ts';

export class Warehouse {
  readonly #levels: Int32Array;
  readonly #mutex: SyncMutex;

  constructor(seat: LabSeat) {
    this.#levels = seat.words;
    this.#mutex = seat.syncMutex();
  }

  levelOf(item: number): number {
    return this.#mutex.run(() => this.#levels[item]!);
  }

  report(write: (levels: Int32Array) => string): string {
    const copy = this.#mutex.run(() => new Int32Array(this.#levels)); // microseconds
    return write(copy);
  }
}
