/**
 * The free blocks of an `Arena`, in lists by size: the first list that is not empty and whose blocks are all large
 * enough is found by two bitmaps, so taking, adding and removing a block cost the same however many there are.
 *
 * Nothing here is needed to know which blocks are free: the headers of the blocks say so. A repair makes the lists anew.
 *
 * @see Masmano, Ripoll, Crespo, Real, "TLSF: a New Dynamic Memory Allocator for Real-Time Systems"
 */
import {
  ARENA_WORDS,
  FREE,
  HEADS,
  LIST_BITS,
  listFrom,
  listOf,
  lowestBit,
  NEXT,
  PREVIOUS,
  ROW_BITS,
  SIZE,
} from './arena-layout.ts';

export class ArenaLists {
  readonly #words: Int32Array;
  readonly #line: number;

  /** @param line index in `words` of the arena's line */
  constructor(words: Int32Array, line: number) {
    this.#words = words;
    this.#line = line;
  }

  /** @returns a free block of at least `size` bytes, 0 when there is none */
  find(size: number): number {
    const words = this.#words;
    const from = listFrom(size);
    const row = from >>> 5;
    const inRow = words[this.#line + LIST_BITS + row]! & (-1 << (from & 31));
    if (inRow !== 0) return this.first((row << 5) + lowestBit(inRow));
    const rows = words[this.#line + ROW_BITS]! & (-2 << row);
    if (rows !== 0) {
      const next = lowestBit(rows);
      return this.first((next << 5) + lowestBit(words[this.#line + LIST_BITS + next]!));
    }
    // The list of the size itself has smaller blocks too. Its first may do: one look, since it must not be a search.
    const block = this.first(listOf(size));
    return block !== 0 && (words[block]! & SIZE) >= size ? block : 0;
  }

  /** Makes `block` a free block of `size` bytes. */
  add(block: number, size: number): void {
    const words = this.#words;
    const list = listOf(size);
    const head = this.#line + HEADS + list;
    const first = words[head]!;
    words[block] = size | FREE; // what is before a free block is never free: the two would be one
    words[block + (size >>> 2) - 1] = block;
    words[block + NEXT] = first;
    words[block + PREVIOUS] = 0;
    if (first !== 0) words[first + PREVIOUS] = block;
    words[head] = block;
    const row = list >>> 5;
    words[this.#line + LIST_BITS + row]! |= 1 << (list & 31);
    words[this.#line + ROW_BITS]! |= 1 << row;
  }

  /** Takes a free block of `size` bytes out of its list. */
  remove(block: number, size: number): void {
    const words = this.#words;
    const next = words[block + NEXT]!;
    const previous = words[block + PREVIOUS]!;
    if (next !== 0) words[next + PREVIOUS] = previous;
    if (previous !== 0) {
      words[previous + NEXT] = next;
      return;
    }
    const list = listOf(size);
    words[this.#line + HEADS + list] = next;
    if (next !== 0) return;
    const row = list >>> 5;
    const bits = this.#line + LIST_BITS + row;
    words[bits]! &= ~(1 << (list & 31));
    if (words[bits] === 0) words[this.#line + ROW_BITS]! &= ~(1 << row);
  }

  /** Empties all lists, and leaves the blocks as they are. */
  clear(): void {
    this.#words.fill(0, this.#line + ROW_BITS, this.#line + ARENA_WORDS);
  }

  /** The first block of a list, 0 when it has none. */
  first(list: number): number {
    return this.#words[this.#line + HEADS + list]!;
  }
}
