/** Reading something that has not changed since the last look. */
import { SnapshotCell } from '../../../src/sync/snapshot-cell.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import type { Hammer, Post } from '../job.ts';

const CHUNK = 1_000;
const SIZE = { words: 1_024 };

/** The floor: nobody can notice a change for less. */
export function atomicLoad({ memory: { words } }: Post): Hammer {
  words[0] = 1;
  return counting(() => Atomics.load(words, 0));
}

/** The result is remembered until the version changes. */
export function remembered(post: Post): Hammer {
  const cell = cellWithOne(post);
  return counting(cell.remembering(() => cell.word(0)));
}

/** A version is pinned for the time of the look. */
export function pinned(post: Post): Hammer {
  const cell = cellWithOne(post);
  const look = (): number => cell.word(0);
  return counting(() => cell.read(look));
}

function cellWithOne({ memory, position }: Post): SnapshotCell {
  const cell = new SnapshotCell({
    ...SIZE,
    data: new SharedArrayBuffer(SnapshotCell.bytes(SIZE)),
    lock: { locks: memory.locks, line: 0 },
    name: 'bench',
    slot: ThreadTable.slot(position, 0),
    threads: new ThreadTable(memory.threads),
    timeoutMs: 1_000,
  });
  cell.write(() => cell.set(0, 1));
  return cell;
}

/** Adds up the ones that are read. */
function counting(read: () => number): Hammer {
  let sum = 0;
  return {
    chunk: CHUNK,
    work(times) {
      for (let time = 0; time < times; time++) sum += read();
    },
    found: () => sum,
  };
}
