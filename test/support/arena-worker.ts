/** A thread that allocates, replaces and releases values at its own notes until it is killed. */
import { parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from '../../src/random.ts';
import type { Slot } from '../../src/sync/thread-table.ts';
import { type ArenaMemory, openArena } from './arena-memory.ts';

export interface ArenaWorkerData {
  readonly memory: ArenaMemory;
  readonly slot: Slot;
  /** The notes that are this thread's: from the first to before the end; the first is where new values wait. */
  readonly notes: readonly [from: number, end: number];
  readonly seed: number;
}

const { memory, slot, notes, seed } = workerData as ArenaWorkerData;
const [spare, end] = notes;
const arena = openArena(memory, slot);
const random = seededRandom(seed);

arena.release(spare); // what a predecessor left there, whichever it was
parentPort!.postMessage('started');
for (;;) {
  const note = spare + 1 + Math.floor(random() * (end - spare - 1));
  if (random() < 0.3) {
    arena.release(note);
    continue;
  }
  const reference = arena.allocate(1 + Math.floor(random() ** 4 * 6000), spare);
  if (reference === 0) {
    arena.release(note);
    continue;
  }
  arena.bytes(reference).fill(note);
  arena.exchange(spare, note);
  arena.release(spare);
}
