/** Locks and memory for a demonstration: one lock, some words, and a seat in the table for every thread that takes part. */
import { AsyncMutex } from '../sync/async-mutex.ts';
import { Doorbell } from '../sync/doorbell.ts';
import { LOCK_BYTES } from '../sync/lock-line.ts';
import { SyncMutex } from '../sync/sync-mutex.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';

/** What the threads of a demonstration share; it can be posted. */
export interface LabMemory {
  readonly lock: SharedArrayBuffer;
  readonly threads: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

/** Longest wait for the lock: a demonstration that goes wrong ends with an error, not never. */
const TIMEOUT_MS = 10_000;

export function labMemory(words: number): LabMemory {
  return {
    lock: new SharedArrayBuffer(LOCK_BYTES),
    threads: new SharedArrayBuffer(ThreadTable.bytes),
    data: new SharedArrayBuffer(words * 4),
  };
}

/** The memory as one thread has it. */
export class LabSeat implements Disposable {
  readonly slot: Slot;
  readonly lock: Int32Array;
  readonly words: Int32Array;
  readonly #threads: ThreadTable;
  #doorbell: Doorbell | undefined;

  /** @param position of the thread, from 0; no two have the same */
  constructor(memory: LabMemory, position: number) {
    this.slot = ThreadTable.slot(position, 0);
    this.lock = new Int32Array(memory.lock);
    this.words = new Int32Array(memory.data);
    this.#threads = new ThreadTable(memory.threads);
    this.#threads.enter(this.slot);
  }

  /** The one lock, for waiting in place. */
  syncMutex(): SyncMutex {
    return new SyncMutex(this.lock, 0, { name: 'lab', slot: this.slot, timeoutMs: TIMEOUT_MS });
  }

  /** The one lock, for waiting in a queue. Ask for it once. */
  asyncMutex(): AsyncMutex {
    const { slot } = this;
    this.#doorbell = new Doorbell(this.#threads, slot);
    const options = { name: 'lab', slot, threads: this.#threads, doorbell: this.#doorbell };
    return new AsyncMutex(this.lock, 0, { ...options, timeoutMs: TIMEOUT_MS, maxWaiting: 10_000 });
  }

  [Symbol.dispose](): void {
    this.#doorbell?.[Symbol.dispose]();
  }
}
