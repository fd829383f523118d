/**
 * For each part of a connection map, a moment before which no connection of it expires, so that who looks for room, or
 * counts who is gone, need not look where there can be none. Heartbeats and registrations only make that later, so they need
 * not tell; whoever looks at a whole part does, the sweep first of all.
 *
 * A thread that dies takes its WebSockets with it at once: then nothing is known any more, and a look that began before
 * tells nothing.
 *
 * Ordering: each is a whole 64-bit word, which no platform of Node's tears. Looks run without a lock, so one may be told by
 * an earlier look than the last: its moment is the earlier one, which costs a look. Between telling and the second look at
 * the living stands an exchange: whoever dies is seen there, or forgets what was told.
 */
import { MAX_THREADS, type ThreadTable } from '../sync/thread-table.ts';

/** Records of a part. */
export const PART = 512;

/**
 * Before when none of those expires that come while somebody looks. They may have been heard from some time before they are
 * in the map, where the look cannot see them: half of their time is allowed for that.
 */
export function earliestOfNew({ ttlMs }: { readonly ttlMs: number }, nowMs: number): number {
  return nowMs + ttlMs / 2;
}

export class Expiries {
  readonly #atMs: Float64Array;
  readonly #others: Float64Array;
  readonly #fence: Int32Array;
  readonly #threads: ThreadTable;

  static bytes(capacity: number): number {
    return (Math.ceil(capacity / PART) + 3) * 8;
  }

  /** @param byteOffset a multiple of 8 */
  constructor(data: SharedArrayBuffer, byteOffset: number, capacity: number, threads: ThreadTable) {
    const parts = Math.ceil(capacity / PART);
    this.#atMs = new Float64Array(data, byteOffset, parts);
    this.#others = new Float64Array(data, byteOffset + parts * 8, 2);
    this.#fence = new Int32Array(data, byteOffset + (parts + 2) * 8, 1);
    this.#threads = threads;
  }

  /** The parts in which something may be gone by now. */
  *due(nowMs: number): Generator<number> {
    this.#forgetAfterDeath();
    for (let part = 0; part < this.#atMs.length; part++) if (this.#atMs[part]! <= nowMs) yield part;
  }

  /** Tells that nothing in a part is gone before `atMs`. @param living what `living` said before the look */
  tell(part: number, atMs: number, living: number): void {
    if (part >= this.#atMs.length) return;
    this.#atMs[part] = atMs;
    Atomics.exchange(this.#fence, 0, 0);
    if (this.living() !== living) this.#atMs[part] = 0;
  }

  /** Which lives of which threads there are, as one number. */
  living(): number {
    let living = 0;
    for (let position = 0; position < MAX_THREADS; position++) {
      living = (Math.imul(living, 31) + this.#threads.livingAt(position)) | 0;
    }
    return living;
  }

  /** The greatest epoch that the origin had when the service started. Written before anybody is served. */
  get restoredEpoch(): number {
    return this.#others[1]!;
  }

  set restoredEpoch(epoch: number) {
    this.#others[1] = epoch;
  }

  #forgetAfterDeath(): void {
    const living = this.living();
    if (this.#others[0] === living) return;
    this.#atMs.fill(0);
    this.#others[0] = living;
  }
}
