/**
 * What happened to a cache: a line of counts per thread position, added up when somebody asks, so that counting takes
 * no lock and no two threads write to one cache line.
 *
 * Ordering: a count is written by the one thread at its position only, and is a whole 64-bit word, which no platform of
 * Node's tears. Who asks may miss what others do right now.
 */
import { MAX_THREADS, type Slot, ThreadTable } from '../sync/thread-table.ts';

export const HITS = 0;
export const MISSES = 1;
export const COLLAPSED = 2;
export const EVICTIONS = 3;
export const EXPIRED = 4;
export const ORIGIN_LOADS = 5;

const LINE = 8;

export class CacheCounts {
  static readonly bytes = MAX_THREADS * LINE * 8;
  readonly #lines: Float64Array;
  readonly #mine: number;

  /** @param byteOffset a multiple of 64 */
  constructor(data: SharedArrayBuffer, byteOffset: number, slot: Slot) {
    this.#lines = new Float64Array(data, byteOffset, MAX_THREADS * LINE);
    this.#mine = ThreadTable.positionOf(slot) * LINE;
  }

  add(count: number): void {
    this.#lines[this.#mine + count]! += 1;
  }

  /** Of all threads together, since the start. */
  get totals() {
    return {
      hits: this.#total(HITS),
      misses: this.#total(MISSES),
      collapsed: this.#total(COLLAPSED),
      evictions: this.#total(EVICTIONS),
      expired: this.#total(EXPIRED),
      originLoads: this.#total(ORIGIN_LOADS),
    };
  }

  #total(count: number): number {
    let total = 0;
    for (let at = count; at < this.#lines.length; at += LINE) total += this.#lines[at]!;
    return total;
  }
}
