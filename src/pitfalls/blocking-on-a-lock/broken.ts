/** Broken: the whole report is written under the lock, and every thread that wants the lock is parked until it is done. */
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
    return this.#mutex.run(() => write(this.#levels)); // milliseconds, for everybody
  }
}
