/** Memory of one snapshot cell, as threads share it, and cells on it. */
import { LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { SnapshotCell } from '../../src/sync/snapshot-cell.ts';
import { CURRENT, SAFE, snapshotLayout, type SnapshotSize } from '../../src/sync/snapshot-layout.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';

/** Plain data: goes to workers as it is. */
export interface SnapshotMemory {
  readonly size: SnapshotSize;
  readonly threads: SharedArrayBuffer;
  readonly locks: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

/** @param version of the empty cell; an even signed 32-bit integer */
export function snapshotMemory(size: SnapshotSize, version = 0): SnapshotMemory {
  const data = new SharedArrayBuffer(SnapshotCell.bytes(size));
  const { roots, rootMask, rootWords } = snapshotLayout(size);
  const words = new Int32Array(data);
  words[CURRENT] = version;
  words[roots + ((version >>> 1) & rootMask) * rootWords + SAFE] = version;
  return {
    size,
    threads: new SharedArrayBuffer(ThreadTable.bytes),
    locks: new SharedArrayBuffer(LOCK_BYTES),
    data,
  };
}

/** The cell as one thread has it. Several in one thread stand for as many threads, one step at a time. */
export function snapshotCell({ size, threads, locks, data }: SnapshotMemory, slot: Slot, timeoutMs = 0): SnapshotCell {
  const lock = { locks: new Int32Array(locks), line: 0 };
  return new SnapshotCell({ ...size, data, lock, name: 'test', slot, threads: new ThreadTable(threads), timeoutMs });
}

/** Enters a thread and gives it a cell. */
export function enteredCell(memory: SnapshotMemory, position: number, timeoutMs = 0): SnapshotCell {
  const slot = ThreadTable.slot(position, 0);
  new ThreadTable(memory.threads).enter(slot);
  return snapshotCell(memory, slot, timeoutMs);
}

/** The memory as it is now, for somebody else: what is left when every thread dies at this moment. */
export function memoryImage({ size, threads, locks, data }: SnapshotMemory): SnapshotMemory {
  return { size, threads: threads.slice(), locks: locks.slice(), data: data.slice() };
}
