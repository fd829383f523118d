/** A thread that reads or writes a snapshot cell until it is told to stop, or killed. */
import { parentPort, workerData } from 'node:worker_threads';
import { VersionsHeldError } from '../../src/errors.ts';
import { seededRandom } from '../../src/random.ts';
import type { Slot } from '../../src/sync/thread-table.ts';
import { balance, move, PROGRESS_WORDS, STOP } from './snapshot-balance.ts';
import { snapshotCell, type SnapshotMemory } from './snapshot-memory.ts';

export interface SnapshotWorkerData {
  readonly memory: SnapshotMemory;
  readonly slot: Slot;
  readonly role: 'read' | 'write' | 'hold';
  /** Word 0 stops everybody; the word of the slot's position counts what the thread did. */
  readonly progress: SharedArrayBuffer;
  readonly seed: number;
}

const { memory, slot, role, progress, seed } = workerData as SnapshotWorkerData;
const words = new Int32Array(progress);
const mine = 1 + ((slot - 1) % (PROGRESS_WORDS - 1));
const random = seededRandom(seed);
const cell = snapshotCell(memory, slot, 10_000);

function advance(): void {
  Atomics.add(words, mine, 1);
  Atomics.notify(words, mine);
}

/** @returns false when a reader, which may be waiting for a core, leaves no room for another version */
function moved(): boolean {
  try {
    cell.write(() => move(cell, random));
    return true;
  } catch (error) {
    if (error instanceof VersionsHeldError) return false;
    throw error;
  }
}

let version = cell.version;
while (Atomics.load(words, STOP) === 0) {
  if (role === 'write' && !moved()) continue;
  if (role === 'read') {
    const seen = cell.read(() => [balance(cell), balance(cell)] as const);
    if (seen[0] !== seen[1]) throw new Error('a version changed while it was read');
    const now = cell.version;
    if (((now - version) | 0) < 0) throw new Error('versions went back');
    version = now;
  }
  if (role === 'hold') {
    cell.read(() => {
      advance();
      Atomics.wait(words, STOP, 0); // pinned until it is killed
    });
  }
  advance();
}
parentPort?.postMessage('stopped');
