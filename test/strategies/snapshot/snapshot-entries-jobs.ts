/** Entries in a snapshot as a thread has them, and what the threads of a crew do with them. */
import { SnapshotEntries } from '../../../src/strategies/snapshot/snapshot-entries.ts';
import { seededRandom } from '../../../src/random.ts';
import { Arena } from '../../../src/sync/arena.ts';
import { LOCK_WORDS } from '../../../src/sync/lock-line.ts';
import { SnapshotCell } from '../../../src/sync/snapshot-cell.ts';
import { SnapshotTable } from '../../../src/sync/snapshot-table.ts';
import { type Slot, ThreadTable } from '../../../src/sync/thread-table.ts';
import type { CrewMemory, Job } from '../../support/crew-worker.ts';

export const SNAPSHOT_ENTRIES_JOBS = import.meta.url;

export const CAPACITY = 64;
export const SPARE_PAGES = 64;
const ARENA_BYTES = 64 * 1024;
const SIZE = { words: SnapshotTable.words(CAPACITY), sparePages: SPARE_PAGES };

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const USED_AT = aligned(SnapshotCell.bytes(SIZE));
const NOTES = USED_AT + aligned(CAPACITY * 4);
const RETIRED = NOTES + 64;
const ARENA = RETIRED + SnapshotEntries.retiredBytes;

export const LOCKS = 2;
export const DATA_BYTES = ARENA + Arena.bytes(ARENA_BYTES);
/** Word of the notes: set while a thread holds a version. */
export const HOLDING = 0;

/** The entries as the thread of `slot` has them, and the parts that they are made of. */
export function openEntries(
  { locks, threads, data }: Pick<CrewMemory, 'locks' | 'threads' | 'data'>,
  slot: Slot,
  midway: () => void = () => {},
) {
  const snapshots = new SnapshotCell({
    ...SIZE,
    data,
    lock: { locks, line: 0 },
    name: 'entries',
    slot,
    threads: new ThreadTable(threads),
    timeoutMs: 10_000,
  });
  const options = { name: 'arena', slot, timeoutMs: 10_000 };
  const lock = { locks, line: LOCK_WORDS, options };
  const arena = new Arena({ data, byteOffset: ARENA, capacityBytes: ARENA_BYTES, lock });
  const records = new SnapshotTable(snapshots, CAPACITY, [1, 2]);
  const usedAt = new Int32Array(data, USED_AT, CAPACITY);
  const entries = new SnapshotEntries({
    snapshots,
    records,
    arena,
    notes: NOTES / 4,
    retired: RETIRED / 4,
    usedAt,
    name: 'entries',
    midway,
  });
  return { snapshots, arena, entries };
}

export type OpenEntries = ReturnType<typeof openEntries>;

/** An entry whose bytes are all the same, so that a copy of two of them shows. */
export function plain(byte: number, byteLength: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(byteLength).fill(byte);
}

export function removeKey({ entries }: OpenEntries, key: string): void {
  const record = entries.find(key);
  if (record !== -1) entries.remove(record);
}

interface Rounds {
  readonly rounds: number;
  readonly seed: number;
}

/** @returns how many turns were refused since readers held too much */
const write: Job<Rounds> = (post, { rounds, seed }) => {
  const opened = openEntries(post.memory, post.slot);
  const random = seededRandom(seed + post.position);
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const key = `key ${Math.floor(random() * 40)}`;
    const entry = plain(1 + (round % 250), 8 + Math.floor(random() * 600));
    try {
      opened.entries.inTurn(() => {
        if (random() < 0.2) removeKey(opened, key);
        else opened.entries.write(key, entry, 1);
      });
    } catch (error) {
      if ((error as { code?: string }).code !== 'LOCK_TIMEOUT') throw error;
      refused += 1;
    }
  }
  return refused;
};

/** Looks at every entry of a version twice, some time apart. @returns how many entries it saw torn or changed */
const read: Job<Rounds> = (post, { rounds }) => {
  const { snapshots, entries } = openEntries(post.memory, post.slot);
  let wrong = 0;
  const look = (): string[] => {
    const seen: string[] = [];
    for (let record = 0; record < entries.end; record++) {
      if (entries.shardAt(record) === -1) continue;
      const copy = entries.copy(record);
      if (copy.some((byte) => byte !== copy[0])) wrong += 1;
      seen.push(`${record}:${copy[0]}:${copy.byteLength}`);
    }
    return seen;
  };
  for (let round = 0; round < rounds; round++) {
    const [first, second] = snapshots.read(() => [look().join(' '), look().join(' ')]);
    if (first !== second) wrong += 1;
  }
  return wrong;
};

/** Holds the version that is current until it is killed. */
const hold: Job<unknown> = (post) => {
  const { snapshots } = openEntries(post.memory, post.slot);
  snapshots.read(() => {
    Atomics.store(post.memory.notes, HOLDING, 1);
    Atomics.notify(post.memory.notes, HOLDING);
    Atomics.wait(post.memory.notes, HOLDING, 1);
  });
};

export const jobs = { write, read, hold };
