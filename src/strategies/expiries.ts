/**
 * For each part of a connection map, a moment before which no connection of it expires, so that who looks for room need
 * not look where there can be none. Heartbeats and registrations only make that later, so they need not tell; whoever
 * looks at a whole part does, the sweep first of all.
 *
 * A thread that dies takes its WebSockets with it at once: then nothing is known any more.
 *
 * Ordering: each is a whole 64-bit word, which no platform of Node's tears. One that is overwritten by an earlier look
 * is too early, which costs a look and nothing else.
 */
import { MAX_THREADS, type ThreadTable } from '../sync/thread-table.ts';

/** Records of a part. */
export const PART = 512;

export class Expiries {
  readonly #atMs: Float64Array;
  readonly #others: Float64Array;
  readonly #threads: ThreadTable;

  static bytes(capacity: number): number {
    return (Math.ceil(capacity / PART) + 2) * 8;
  }

  /** @param byteOffset a multiple of 8 */
  constructor(data: SharedArrayBuffer, byteOffset: number, capacity: number, threads: ThreadTable) {
    const parts = Math.ceil(capacity / PART);
    this.#atMs = new Float64Array(data, byteOffset, parts);
    this.#others = new Float64Array(data, byteOffset + parts * 8, 2);
    this.#threads = threads;
  }

  /** The parts in which something may be gone by now. */
  *due(nowMs: number): Generator<number> {
    this.#forgetAfterDeath();
    for (let part = 0; part < this.#atMs.length; part++) if (this.#atMs[part]! <= nowMs) yield part;
  }

  /** Tells that nothing in a part is gone before `atMs`. */
  tell(part: number, atMs: number): void {
    if (part < this.#atMs.length) this.#atMs[part] = atMs;
  }

  /** The greatest epoch that the origin had when the service started. Written before anybody is served. */
  get restoredEpoch(): number {
    return this.#others[1]!;
  }

  set restoredEpoch(epoch: number) {
    this.#others[1] = epoch;
  }

  #forgetAfterDeath(): void {
    let living = 0;
    for (let position = 0; position < MAX_THREADS; position++) {
      living = (Math.imul(living, 31) + this.#threads.livingAt(position)) | 0;
    }
    if (this.#others[0] === living) return;
    this.#atMs.fill(0);
    this.#others[0] = living;
  }
}
