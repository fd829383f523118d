/** Memory of an arena with some notes before it, as threads share it. */
import { Arena } from '../../src/sync/arena.ts';
import { LOCK_BYTES } from '../../src/sync/lock-line.ts';
import type { Slot } from '../../src/sync/thread-table.ts';

/** Words before the arena, for whoever notes values there. */
export const NOTES = 64;

/** Plain data: goes to workers as it is. */
export interface ArenaMemory {
  readonly capacityBytes: number;
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly data: SharedArrayBuffer;
}

export function arenaMemory(capacityBytes: number): ArenaMemory {
  return {
    capacityBytes,
    locks: new Int32Array(new SharedArrayBuffer(LOCK_BYTES)),
    data: new SharedArrayBuffer(NOTES * 4 + Arena.bytes(capacityBytes)),
  };
}

/** The arena as the thread of `slot` has it. */
export function openArena({ capacityBytes, locks, data }: ArenaMemory, slot: Slot, Class = Arena): Arena {
  const lock = { locks, line: 0, options: { name: 'arena', slot, timeoutMs: 10_000 } };
  return new Class({ data, byteOffset: NOTES * 4, capacityBytes, lock });
}

export function copyOfArena({ capacityBytes, locks, data }: ArenaMemory): ArenaMemory {
  return { capacityBytes, locks: new Int32Array(locks.buffer.slice()), data: data.slice() };
}

/** Allocates a value of which every byte is `fill`. @returns whether there was room */
export function putValue(arena: Arena, noteAt: number, byteLength: number, fill: number): boolean {
  const reference = arena.allocate(byteLength, noteAt);
  if (reference !== 0) arena.bytes(reference).fill(fill);
  return reference !== 0;
}

/** What the notes refer to: length and fill of each value; a value that is not all of one kind is `torn`. */
export function valuesOf(arena: Arena): string[] {
  return Array.from({ length: NOTES }, (_, note) => {
    const reference = arena.words[note]!;
    if (reference === 0) return '';
    const bytes = arena.bytes(reference);
    return bytes.every((byte) => byte === bytes[0]) ? `${bytes.length} × ${bytes[0]}` : 'torn';
  });
}
