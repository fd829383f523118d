/**
 * Values of any size in shared memory: blocks that are split when taken and joined with their free neighbours when
 * given back, found by size in constant time.
 *
 * Guarantee: a value is allocated and noted in one step, and freed and its note cleared in one step. Of a thread that
 * dies within one, the next owner undoes an allocation and completes the rest; doing so twice changes nothing.
 * What is free can be had in any size at once: there are no parts reserved for a size. A full arena refuses.
 * Cost: 8 bytes per value and up to 7 to round it up, and no value takes less than 24. One uncontended lock per call.
 * A repair walks all blocks with the lock held: 18 ms where 32 MiB are full of the smallest, usually far less.
 *
 * Fragmentation: a value must lie in one piece. With `n` values a request of `r` bytes fails for certain only when no
 * gap between them has `r` bytes, and succeeds for certain while `(n + 1) · 33/32 · (r + 15)` bytes are free. So the
 * worst case is bad in theory, small values each in the middle of a gap just too small; but each value that is evicted
 * joins two gaps, so a cache that evicts until the request fits always ends, at the latest with everything in one piece.
 *
 * Ordering: everything here runs inside `mutex`, a leaf lock that is taken last. Sizes and the FREE bit in the headers
 * are what counts; lists, bitmaps, totals and links are made from them by a repair. Between the two `Atomics.store`
 * that open and close an intent, which the compiler moves nothing across, the order of stores does not matter: the
 * intent keeps the one header that a repair must set, and no header beyond a block's first words is lost by joining.
 * What is in a value is the caller's, and ordered by the caller's locks. So are its notes; but who repairs for a dead
 * caller must not read one before it has taken this lock, by which a half-done step is undone or completed: it
 * releases the note instead, without looking.
 *
 * @see Masmano, Ripoll, Crespo, Real, "TLSF: a New Dynamic Memory Allocator for Real-Time Systems"; Knuth, "The Art of
 * Computer Programming", vol. 1, 2.5 (boundary tags); Robson, "Worst case fragmentation of first fit and best fit"
 */
import { MisuseError } from '../errors.ts';
import {
  ARENA_WORDS,
  blockBytes,
  BYTE_LENGTH,
  COUNT,
  FREE,
  HEADER_WORDS,
  INTENT,
  INTENT_BLOCK,
  MAX_ARENA_BYTES,
  MIN_BLOCK_BYTES,
  NOTE,
  OLD_HEADER,
  OLD_OTHER,
  READY,
  USED,
} from './arena-layout.ts';
import { ArenaBlocks } from './arena-blocks.ts';
import type { PoolLock } from './record-pool.ts';
import { SyncMutex } from './sync-mutex.ts';

const ALLOCATE = 1;
const RELEASE = 2;
const EXCHANGE = 3;
const NO_NOTE = -1;

/** Index in `words` of a value's first word; never 0, which is nothing. */
export type Reference = number;

export interface ArenaOptions {
  readonly data: SharedArrayBuffer;
  /** Where the arena begins in `data`, which may have other things besides; a multiple of 8. */
  readonly byteOffset: number;
  /** As `Arena.bytes` was asked for. */
  readonly capacityBytes: number;
  readonly lock: PoolLock;
}

export class Arena {
  /** All of `data`: notes are indexes in it. */
  readonly words: Int32Array;
  /** All of `data`: `offsetOf` gives indexes in it. */
  readonly memory: Uint8Array<SharedArrayBuffer>;
  /** Bytes that values with their headers can take together. */
  readonly capacity: number;
  readonly #line: number;
  readonly #blocks: ArenaBlocks;
  readonly #mutex: SyncMutex;

  /** Bytes of shared memory for values that take up to `capacityBytes` together, as `footprint` tells for each. */
  static bytes(capacityBytes: number): number {
    return (ARENA_WORDS + HEADER_WORDS) * 4 + roundedUp(capacityBytes);
  }

  /** Bytes of the capacity that a value takes. */
  static footprint(byteLength: number): number {
    return blockBytes(byteLength);
  }

  constructor({ data, byteOffset, capacityBytes, lock }: ArenaOptions) {
    this.capacity = roundedUp(capacityBytes);
    if (this.capacity > MAX_ARENA_BYTES || byteOffset % 8 !== 0) {
      throw new MisuseError(`an arena of ${capacityBytes} bytes at ${byteOffset} is too large or not aligned to 8`);
    }
    this.words = new Int32Array(data);
    this.memory = new Uint8Array(data);
    this.#line = byteOffset >>> 2;
    this.#blocks = new ArenaBlocks(this.words, this.#line, this.capacity);
    this.#mutex = new SyncMutex(lock.locks, lock.line, { ...lock.options, repair: () => this.#repair() });
    this.#mutex.run(() => this.#format());
  }

  /** Bytes of the capacity that are taken. May lag by what other threads do right now. */
  get used(): number {
    return Atomics.load(this.words, this.#line + USED);
  }

  /** Values that are allocated. May lag by what other threads do right now. */
  get count(): number {
    return Atomics.load(this.words, this.#line + COUNT);
  }

  /**
   * Takes room for a value and notes its reference in the word `noteAt`, which must be 0, within the same step.
   *
   * @param noteAt index in `words`; left out, a thread that dies right after leaks the value
   * @returns the reference, 0 when no gap is large enough
   * @throws {MisuseError} the note refers to a value already, or `byteLength` is no length
   */
  allocate(byteLength: number, noteAt: number = NO_NOTE): Reference {
    if (!Number.isInteger(byteLength) || byteLength < 0)
      throw new MisuseError(`a value cannot have ${byteLength} bytes`);
    if (byteLength >= this.capacity) return 0;
    const size = blockBytes(byteLength);
    return this.#mutex.run(() => {
      if (noteAt !== NO_NOTE && this.words[noteAt] !== 0) {
        throw new MisuseError(`note ${noteAt} refers to value ${this.words[noteAt]} already, which would be lost`);
      }
      const block = this.#blocks.find(size);
      if (block === 0) return 0;
      this.#open(ALLOCATE, block, noteAt);
      this.#blocks.take(block, size);
      this.words[block + BYTE_LENGTH] = byteLength;
      if (noteAt !== NO_NOTE) this.words[noteAt] = block + HEADER_WORDS;
      Atomics.store(this.words, this.#line + INTENT, 0);
      return block + HEADER_WORDS;
    });
  }

  /**
   * Frees the value that the word `noteAt` refers to and clears the word, in one step; nothing when it is 0. Both are
   * looked at under the lock, so that whoever repairs for a dead caller can release its notes however far it came.
   *
   * @returns whether there was a value
   * @throws {MisuseError} the note refers to no value of this arena; nothing changed
   */
  release(noteAt: number): boolean {
    return this.#mutex.run(() => {
      const reference = this.words[noteAt]!;
      if (reference !== 0) this.#free(reference, noteAt);
      return reference !== 0;
    });
  }

  /**
   * Swaps two notes in one step: what a value is replaced with, in a word that is released after, and the one that
   * readers follow. Whichever comes to be in the first is not needed any more, wherever the caller dies.
   */
  exchange(noteAt: number, otherAt: number): void {
    const { words } = this;
    this.#mutex.run(() => {
      words[this.#line + INTENT_BLOCK] = noteAt;
      words[this.#line + NOTE] = otherAt;
      words[this.#line + OLD_HEADER] = words[noteAt]!;
      words[this.#line + OLD_OTHER] = words[otherAt]!;
      Atomics.store(words, this.#line + INTENT, EXCHANGE);
      this.#finishExchange();
    });
  }

  /**
   * Frees a value that no word of shared memory refers to; otherwise `release` its note.
   *
   * @throws {MisuseError} there is no such value; nothing changed
   */
  free(reference: Reference): void {
    this.#mutex.run(() => this.#free(reference, NO_NOTE));
  }

  /** Index in `memory` of a value's first byte. Values are aligned to 8 bytes. */
  offsetOf(reference: Reference): number {
    return reference * 4;
  }

  byteLengthOf(reference: Reference): number {
    return this.words[reference - HEADER_WORDS + BYTE_LENGTH]!;
  }

  /** A view of a value: of the shared memory itself, so it lasts as long as the caller's lock. */
  bytes(reference: Reference): Uint8Array<SharedArrayBuffer> {
    const offset = this.offsetOf(reference);
    return this.memory.subarray(offset, offset + this.byteLengthOf(reference));
  }

  /** @returns what is wrong with the arena: nothing, unless it has a defect */
  verify(): string[] {
    return this.#mutex.run(() => this.#blocks.verify());
  }

  #open(intent: number, block: number, noteAt: number): void {
    const { words } = this;
    words[this.#line + INTENT_BLOCK] = block;
    words[this.#line + OLD_HEADER] = words[block]!;
    words[this.#line + NOTE] = noteAt;
    Atomics.store(words, this.#line + INTENT, intent);
  }

  #free(reference: Reference, noteAt: number): void {
    const { words } = this;
    const block = reference - HEADER_WORDS;
    if (!this.#blocks.isUsed(block))
      throw new MisuseError(`${reference} refers to no value of this arena, or to a freed one`);
    this.#open(RELEASE, block, noteAt);
    this.#blocks.free(block);
    if (noteAt !== NO_NOTE) words[noteAt] = 0;
    Atomics.store(words, this.#line + INTENT, 0);
  }

  #finishExchange(): void {
    const { words } = this;
    words[words[this.#line + INTENT_BLOCK]!] = words[this.#line + OLD_OTHER]!;
    words[words[this.#line + NOTE]!] = words[this.#line + OLD_HEADER]!;
    Atomics.store(words, this.#line + INTENT, 0);
  }

  #format(): void {
    if (this.words[this.#line + READY] !== 0) return;
    this.#blocks.format();
    Atomics.store(this.words, this.#line + READY, 1);
  }

  #repair(): void {
    const { words } = this;
    const intent = words[this.#line + INTENT];
    if (intent === EXCHANGE) return this.#finishExchange();
    if (intent !== ALLOCATE && intent !== RELEASE) return;
    const [block, noteAt] = [words[this.#line + INTENT_BLOCK]!, words[this.#line + NOTE]!];
    // An allocation goes back to the free block that it was about to split, a release on to a free block.
    words[block] = words[this.#line + OLD_HEADER]! | FREE;
    if (noteAt !== NO_NOTE) words[noteAt] = 0;
    this.#blocks.rebuild();
    Atomics.store(words, this.#line + INTENT, 0);
  }
}

function roundedUp(bytes: number): number {
  return Math.max(MIN_BLOCK_BYTES, Math.ceil(bytes / 8) * 8);
}
