/**
 * The blocks of an `Arena`, side by side: split when one is taken, joined with free neighbours when it is given back.
 *
 * Ordering: runs under the arena's lock, within an intent that the arena has opened; see there.
 */
import { MisuseError } from '../errors.ts';
import { ARENA_WORDS, COUNT, FREE, MIN_BLOCK_BYTES, PREVIOUS_FREE, SIZE, USED } from './arena-layout.ts';
import { ArenaLists } from './arena-lists.ts';
import { verifyArena } from './verify-arena.ts';

export class ArenaBlocks {
  readonly #words: Int32Array;
  readonly #line: number;
  readonly #first: number;
  readonly #end: number;
  readonly #lists: ArenaLists;

  /** @param line index in `words` of the arena's line */
  constructor(words: Int32Array, line: number, capacityBytes: number) {
    this.#words = words;
    this.#line = line;
    this.#first = line + ARENA_WORDS;
    this.#end = this.#first + (capacityBytes >>> 2);
    this.#lists = new ArenaLists(words, line);
  }

  /** Makes all one free block. */
  format(): void {
    this.#words[this.#first] = ((this.#end - this.#first) << 2) | FREE;
    this.rebuild();
  }

  /** @returns a free block of at least `size` bytes, 0 when there is none */
  find(size: number): number {
    return this.#lists.find(size);
  }

  /** Makes `size` bytes of a free block a used one, and what is left over a free one. */
  take(block: number, size: number): void {
    const words = this.#words;
    const whole = words[block]! & SIZE;
    this.#lists.remove(block, whole);
    const rest = whole - size;
    const taken = rest < MIN_BLOCK_BYTES ? whole : size;
    words[block] = taken;
    if (taken === size && rest !== 0) this.#lists.add(block + (size >>> 2), rest);
    else words[block + (whole >>> 2)]! &= ~PREVIOUS_FREE;
    words[this.#line + USED]! += taken;
    words[this.#line + COUNT]! += 1;
  }

  /** Makes a used block free, and one with its free neighbours. */
  free(block: number): void {
    const words = this.#words;
    const header = words[block]!;
    let start = block;
    let size = header & SIZE;
    words[this.#line + USED]! -= size;
    words[this.#line + COUNT]! -= 1;
    const next = block + (size >>> 2);
    words[block] = header | FREE; // also where it becomes the inside of a larger one: a second release is noticed
    if ((words[next]! & FREE) !== 0) {
      const after = words[next]! & SIZE;
      this.#lists.remove(next, after);
      size += after;
    } else {
      words[next]! |= PREVIOUS_FREE;
    }
    if ((header & PREVIOUS_FREE) !== 0) {
      start = words[block - 1]!;
      const before = words[start]! & SIZE;
      this.#lists.remove(start, before);
      size += before;
    }
    this.#lists.add(start, size);
  }

  /** Whether a block may be freed; catches most references that are none, and every second release in a row. */
  isUsed(block: number): boolean {
    if (block < this.#first || block >= this.#end || (block & 1) !== 0) return false;
    const header = this.#words[block]!;
    const size = header & SIZE;
    return (header & ~SIZE & ~PREVIOUS_FREE) === 0 && size >= MIN_BLOCK_BYTES && block + (size >>> 2) <= this.#end;
  }

  /** Makes lists, links and totals anew from the headers, and joins free neighbours. */
  rebuild(): void {
    const words = this.#words;
    this.#lists.clear();
    let [used, count, previousFree] = [0, 0, 0];
    let block = this.#first;
    while (block < this.#end) {
      let size = this.#sizeOf(block);
      if ((words[block]! & FREE) === 0) {
        words[block] = size | previousFree;
        used += size;
        count += 1;
        previousFree = 0;
        block += size >>> 2;
        continue;
      }
      let next = block + (size >>> 2);
      for (; next < this.#end && (words[next]! & FREE) !== 0; next = block + (size >>> 2)) size += this.#sizeOf(next);
      this.#lists.add(block, size);
      previousFree = PREVIOUS_FREE;
      block = next;
    }
    words[this.#end] = previousFree;
    words[this.#line + USED] = used;
    words[this.#line + COUNT] = count;
  }

  /** @returns one sentence for each inconsistency */
  verify(): string[] {
    return verifyArena({
      words: this.#words,
      line: this.#line,
      first: this.#first,
      end: this.#end,
      lists: this.#lists,
    });
  }

  /** @throws {MisuseError} the header is no header: nothing can be repaired from it */
  #sizeOf(block: number): number {
    const size = this.#words[block]! & SIZE;
    if (size >= MIN_BLOCK_BYTES && block + (size >>> 2) <= this.#end) return size;
    throw new MisuseError(`block ${block} has ${size} bytes, which cannot be`);
  }
}
