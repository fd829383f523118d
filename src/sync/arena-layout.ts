/**
 * Where the parts of an `Arena` lie, in 32-bit words: a line with the open intent and the counts, the lists of free
 * blocks by size with their bitmaps, then the blocks, side by side without a gap, and a last header that ends them.
 *
 * ```
 * block   word 0   size in bytes | PREVIOUS_FREE | FREE
 *         word 1   bytes that were asked for, while it is used
 *         word 2…  the value; or the next and the previous free block of its size, and in the last word its own index
 * ```
 *
 * Sizes are multiples of 8 bytes. Below 256 bytes each has a list of its own; above, 32 lists for every doubling.
 */

/** Words of a block before its value. */
export const HEADER_WORDS = 2;
export const BYTE_LENGTH = 1;
export const NEXT = 2;
export const PREVIOUS = 3;

export const FREE = 0b001;
/** The block before this one is free, and its index is in the word before this block. */
export const PREVIOUS_FREE = 0b010;
export const SIZE = ~0b111;

/** Room for a header, two links and the index at the end. */
export const MIN_BLOCK_BYTES = 24;

/** Bytes that can be managed: a size is a positive 32-bit integer. */
export const MAX_ARENA_BYTES = 2 ** 30;

const LISTS_PER_ROW = 32;
const ROWS = 24;
const LARGEST_EXACT_SHIFT = 8;

// The arena's line.
export const INTENT = 0;
export const INTENT_BLOCK = 1;
export const OLD_HEADER = 2;
export const NOTE = 3;
export const USED = 4;
export const COUNT = 5;
export const READY = 6;
export const OLD_OTHER = 7;
/** A bit for each row that has a free block. */
export const ROW_BITS = 8;
/** For each row, a bit for each of its lists that has one. */
export const LIST_BITS = 16;
export const HEADS = LIST_BITS + 32;

/** Words before the first block. */
export const ARENA_WORDS = HEADS + ROWS * LISTS_PER_ROW;

/** Bytes of the block for a value. */
export function blockBytes(byteLength: number): number {
  return Math.max(MIN_BLOCK_BYTES, (byteLength + HEADER_WORDS * 4 + 7) & SIZE);
}

/** The list that a free block of `size` bytes belongs to. */
export function listOf(size: number): number {
  if (size < 1 << LARGEST_EXACT_SHIFT) return size >>> 3;
  const power = 31 - Math.clz32(size);
  return (power - LARGEST_EXACT_SHIFT + 1) * LISTS_PER_ROW + ((size >>> (power - 5)) & 31);
}

/** The first list of which every block has at least `size` bytes. */
export function listFrom(size: number): number {
  if (size < 1 << LARGEST_EXACT_SHIFT) return size >>> 3;
  return listOf(size + (1 << (31 - Math.clz32(size) - 5)) - 1);
}

/** The lowest bit of a word that is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
