/** What entries have in an `Arena`, read under whatever keeps them there. */
import type { Arena } from '../sync/arena.ts';
import type { Entry } from './cache-entry.ts';

export class EntryBytes {
  readonly #arena: Arena;
  readonly #memory: Buffer;
  readonly #bits: BigInt64Array;
  readonly #number = new Float64Array(1);
  readonly #numberBits = new BigInt64Array(this.#number.buffer);

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#memory = Buffer.from(arena.memory.buffer);
    this.#bits = new BigInt64Array(arena.memory.buffer);
  }

  copy(block: number): Entry {
    const entry = Buffer.allocUnsafe(this.#arena.byteLengthOf(block));
    const offset = this.#arena.offsetOf(block);
    this.#memory.copy(entry, 0, offset, offset + entry.byteLength);
    return entry;
  }

  /** Exchanges a float64 of an entry, if it is `from` until then. @returns whether it was */
  exchange(block: number, field: number, from: number, to: number): boolean {
    const bits = this.#bitsOf(from);
    return Atomics.compareExchange(this.#bits, (block >>> 1) + field, bits, this.#bitsOf(to)) === bits;
  }

  #bitsOf(number: number): bigint {
    this.#number[0] = number;
    return this.#numberBits[0]!;
  }

  /** What is there from a byte on, as UTF-8: for who needs no copy. */
  text(block: number, from: number): string {
    const offset = this.#arena.offsetOf(block);
    return this.#memory.toString('utf8', offset + from, offset + this.#arena.byteLengthOf(block));
  }
}
