/** Threads of a service as their locks see them, without the threads: each position gets its own slot and doorbell. */
import { AsyncMutex, type AsyncMutexOptions } from '../../src/sync/async-mutex.ts';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { abandon, LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { SyncMutex, type SyncMutexOptions } from '../../src/sync/sync-mutex.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';

export class LocalThreads implements Disposable {
  readonly locks = new Int32Array(new SharedArrayBuffer(LOCK_BYTES));
  readonly table = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  readonly #doorbells = new Map<Slot, Doorbell>();

  /** A mutex on the one lock, as the thread at `position` has it. */
  syncMutex(position: number, options: Partial<SyncMutexOptions> = {}): SyncMutex {
    const slot = this.#enter(position);
    return new SyncMutex(this.locks, 0, { name: 'm', slot, timeoutMs: 50, ...options });
  }

  asyncMutex(position: number, options: Partial<AsyncMutexOptions> = {}): AsyncMutex {
    const slot = this.#enter(position);
    const doorbell = this.#doorbells.get(slot) ?? new Doorbell(this.table, slot);
    this.#doorbells.set(slot, doorbell);
    const defaults = { name: 'm', slot, threads: this.table, doorbell, timeoutMs: 1_000, maxWaiting: 100 };
    return new AsyncMutex(this.locks, 0, { ...defaults, ...options });
  }

  /** The thread at `position` is dead, and main has noticed. @returns how many locks it held */
  bury(position: number): number {
    const slot = ThreadTable.slot(position, 0);
    this.table.leave(slot);
    return abandon(this.locks, slot, this.table);
  }

  [Symbol.dispose](): void {
    for (const doorbell of this.#doorbells.values()) doorbell[Symbol.dispose]();
  }

  #enter(position: number): Slot {
    const slot = ThreadTable.slot(position, 0);
    this.table.enter(slot);
    return slot;
  }
}
