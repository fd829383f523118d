/** What entries have in an `Arena`, read under whatever keeps them there. */
import type { Arena } from '../sync/arena.ts';
import type { Entry } from './cache-entry.ts';

export class EntryBytes {
  readonly #arena: Arena;
  readonly #memory: Buffer;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#memory = Buffer.from(arena.memory.buffer);
  }

  copy(block: number): Entry {
    const entry = Buffer.allocUnsafe(this.#arena.byteLengthOf(block));
    const offset = this.#arena.offsetOf(block);
    this.#memory.copy(entry, 0, offset, offset + entry.byteLength);
    return entry;
  }

  /** What is there from a byte on, as UTF-8: for who needs no copy. */
  text(block: number, from: number): string {
    const offset = this.#arena.offsetOf(block);
    return this.#memory.toString('utf8', offset + from, offset + this.#arena.byteLengthOf(block));
  }
}
