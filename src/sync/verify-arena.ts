/** Says what is wrong with an `Arena` on quiet memory: nothing, unless the arena or a repair has a defect. */
import {
  ARENA_WORDS,
  blockBytes,
  BYTE_LENGTH,
  COUNT,
  FREE,
  HEADS,
  INTENT,
  LIST_BITS,
  listOf,
  NEXT,
  PREVIOUS,
  PREVIOUS_FREE,
  ROW_BITS,
  SIZE,
  USED,
} from './arena-layout.ts';
import type { ArenaLists } from './arena-lists.ts';

export interface ArenaView {
  readonly words: Int32Array;
  /** Indexes in `words` of the arena's line, of its first block, and of the header after its last. */
  readonly line: number;
  readonly first: number;
  readonly end: number;
  readonly lists: ArenaLists;
}

/** @returns one sentence for each inconsistency */
export function verifyArena(view: ArenaView): string[] {
  const { words, line, first, end } = view;
  const wrong: string[] = words[line + INTENT] === 0 ? [] : ['an intent is open'];
  const free = new Map<number, number>();
  let [used, count, previousFree] = [0, 0, false];
  let block = first;
  while (block < end) {
    const size = words[block]! & SIZE;
    if (size <= 0 || block + (size >>> 2) > end) return [...wrong, `block ${block} has ${size} bytes`];
    wrong.push(...wrongNeighbour(words, block, previousFree));
    const isFree = (words[block]! & FREE) !== 0;
    if (isFree) {
      free.set(block, size);
      if (words[block + (size >>> 2) - 1] !== block) wrong.push(`free block ${block} is not named in its last word`);
    } else {
      used += size;
      count += 1;
      if (blockBytes(words[block + BYTE_LENGTH]!) > size) wrong.push(`the value in block ${block} is larger than it`);
    }
    previousFree = isFree;
    block += size >>> 2;
  }
  if (block !== end) wrong.push(`the last block ends at ${block}, not at ${end}`);
  wrong.push(...wrongNeighbour(words, end, previousFree));
  if (words[line + USED] !== used) wrong.push(`${words[line + USED]} bytes count as used, but ${used} are`);
  if (words[line + COUNT] !== count) wrong.push(`${words[line + COUNT]} values are counted, but there are ${count}`);
  return [...wrong, ...wrongLists(view, free)];
}

function wrongNeighbour(words: Int32Array, block: number, previousFree: boolean): string[] {
  const wrong: string[] = [];
  const header = words[block]!;
  if (((header & PREVIOUS_FREE) !== 0) !== (previousFree && (header & FREE) === 0)) {
    wrong.push(`block ${block} is mistaken about the one before it`);
  }
  if (previousFree && (header & FREE) !== 0)
    wrong.push(`block ${block} and the one before it are free, but not joined`);
  return wrong;
}

function wrongLists({ words, line, lists }: ArenaView, free: Map<number, number>): string[] {
  const wrong: string[] = [];
  let rows = 0;
  for (let list = 0; list < ARENA_WORDS - HEADS; list++) {
    let before = 0;
    for (let block = lists.first(list); block !== 0; before = block, block = words[block + NEXT]!) {
      const size = free.get(block);
      if (size === undefined) {
        wrong.push(`list ${list} has block ${block}, which is not free or is in a list already`);
        break;
      }
      free.delete(block);
      if (listOf(size) !== list) wrong.push(`block ${block} of ${size} bytes is in list ${list}`);
      if (words[block + PREVIOUS] !== before)
        wrong.push(`block ${block} is mistaken about the one before it in its list`);
    }
    const bit = (words[line + LIST_BITS + (list >>> 5)]! >>> (list & 31)) & 1;
    if (bit !== (lists.first(list) === 0 ? 0 : 1)) wrong.push(`the bit of list ${list} is ${bit}`);
    if (lists.first(list) !== 0) rows |= 1 << (list >>> 5);
  }
  if (words[line + ROW_BITS] !== rows) wrong.push('the bits of the rows do not agree with those of the lists');
  for (const block of free.keys()) wrong.push(`free block ${block} is in no list`);
  return wrong;
}
