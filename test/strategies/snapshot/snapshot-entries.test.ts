import { afterEach, describe, expect, it, vi } from 'vitest';
import { VersionsHeldError } from '../../../src/errors.ts';
import { CacheCounts } from '../../../src/strategies/cache-counts.ts';
import { packEntry } from '../../../src/strategies/cache-entry.ts';
import { SystemClock } from '../../../src/clock.ts';
import { CacheTable, type Placed } from '../../../src/strategies/cache-table.ts';
import type { InShard } from '../../../src/strategies/in-shard.ts';
import { RetiredBlocks } from '../../../src/strategies/snapshot/retired-blocks.ts';
import type { Arena } from '../../../src/sync/arena.ts';
import { abandon, LOCK_BYTES } from '../../../src/sync/lock-line.ts';
import type { SnapshotCell } from '../../../src/sync/snapshot-cell.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { liveFor } from '../../support/crash-memory.ts';
import { Crew } from '../../support/crew.ts';
import {
  DATA_BYTES,
  HOLDING,
  LOCKS,
  type OpenEntries,
  openEntries,
  plain,
  removeKey,
  SNAPSHOT_ENTRIES_JOBS,
} from './snapshot-entries-jobs.ts';

const MAIN = 60;

afterEach(() => vi.restoreAllMocks());

function emptyMemory() {
  return {
    locks: new Int32Array(new SharedArrayBuffer(LOCKS * LOCK_BYTES)),
    threads: new SharedArrayBuffer(ThreadTable.bytes),
    data: new SharedArrayBuffer(DATA_BYTES),
  };
}

type Memory = ReturnType<typeof emptyMemory>;

function entered(memory: Memory, position: number, life = 0): OpenEntries {
  const slot = ThreadTable.slot(position, life);
  new ThreadTable(memory.threads).enter(slot);
  return openEntries(memory, slot);
}

function put({ entries }: OpenEntries, key: string, byte: number, byteLength = 100): boolean {
  return entries.inTurn(() => entries.write(key, plain(byte, byteLength), 1));
}

/** The first byte of a key's entry, which must be that of all its bytes; undefined when there is none. */
function byteOf({ snapshots, entries }: OpenEntries, key: string): number | undefined {
  return snapshots.read(() => {
    const record = entries.find(key);
    if (record === -1) return undefined;
    const copy = entries.copy(record);
    expect(new Set(copy).size).toBe(1);
    return copy[0];
  });
}

function copyOf({ locks, threads, data }: Memory): Memory {
  return { locks: new Int32Array(locks.buffer.slice()), threads: threads.slice(), data: data.slice() };
}

function entryOf(key: string, version: number) {
  return packEntry(key, { value: 'v'.repeat(1_500), version, ttlMs: 60_000 }, new SystemClock().nowMs());
}

/** A turn that takes one entry out, and puts another in the place of a second. */
function change(opened: OpenEntries): void {
  opened.entries.inTurn(() => {
    removeKey(opened, 'a');
    opened.entries.write('b', plain(2, 200), 1);
  });
}

/** One turn of a thread that dies after so many writes, and its burial. @returns whether it died */
function lifeOf(memory: Memory, position: number, writes: number): boolean {
  const threads = new ThreadTable(memory.threads);
  const slot = ThreadTable.slot(position, 0);
  threads.enter(slot);
  const { crashed } = liveFor(writes, [memory.data], (wrap) =>
    change(openEntries({ ...memory, locks: wrap(memory.locks) }, slot)),
  );
  if (!crashed) return false;
  threads.leave(slot);
  abandon(memory.locks, slot, threads);
  return true;
}

describe('entries in a snapshot', () => {
  it('free all that a turn takes out, however much that is', () => {
    const opened = entered(emptyMemory(), 0);
    for (let number = 0; number < 40; number++) put(opened, `key ${number}`, 1);
    opened.entries.inTurn(() => {
      for (let number = 0; number < 16; number++) removeKey(opened, `key ${number}`);
    });
    expect(opened.entries.verify()).toEqual([]);
    expect([opened.entries.count, opened.arena.count]).toEqual([24, 24]);
  });

  it('are freed after the readers that may look at them, and no writer waits for that', () => {
    const memory = emptyMemory();
    const [reader, writer] = [entered(memory, 0), entered(memory, 1)];
    const sleep = vi.spyOn(Atomics, 'wait');
    put(writer, 'key', 1);
    reader.snapshots.read(() => {
      for (let byte = 2; byte < 20; byte++) {
        put(writer, 'key', byte);
        expect(byteOf(reader, 'key')).toBe(1);
        expect(byteOf(writer, 'key')).toBe(byte);
      }
      expect(writer.arena.count).toBe(19); // all that anybody has looked at, or may
    });
    expect(writer.entries.verify()).toEqual([]);
    expect(writer.arena.count).toBe(1);
    expect(sleep).not.toHaveBeenCalled();
  });

  it('refuse at once what a reader that stays leaves no room for; nothing of it happened', () => {
    const memory = emptyMemory();
    const [reader, writer] = [entered(memory, 0), entered(memory, 1)];
    const sleep = vi.spyOn(Atomics, 'wait');
    put(writer, 'key', 1);
    let refused: unknown;
    let last = 1;
    reader.snapshots.read(() => {
      for (let round = 2; round < 10_000 && refused === undefined; round++) {
        try {
          if (put(writer, 'key', round % 250, 8)) last = round % 250;
          else refused = 'no room'; // in the arena, which is bounded too
        } catch (error) {
          refused = error;
        }
      }
      expect(byteOf(reader, 'key')).toBe(1);
    });
    expect(refused).toBeInstanceOf(VersionsHeldError);
    expect(refused).toMatchObject({ code: 'LOCK_TIMEOUT', outcome: 'not-applied' });
    expect(byteOf(writer, 'key')).toBe(last);
    expect(sleep).not.toHaveBeenCalled();
    expect(put(writer, 'key', 7)).toBe(true);
    expect(writer.entries.verify()).toEqual([]);
    expect(writer.arena.count).toBe(1);
  });

  it('evict no more for one write than leaves in one turn, while a reader keeps what has left', () => {
    const memory = emptyMemory();
    const [reader, writer] = [entered(memory, 0), entered(memory, 1)];
    const counts = new CacheCounts(new SharedArrayBuffer(CacheCounts.bytes), 0, ThreadTable.slot(1, 0));
    const table = new CacheTable(writer.entries, counts, new Float64Array(1), new SystemClock());
    const inShard: InShard<Placed> = (_shard, section) => writer.entries.inTurn(section);
    let version = 0;
    while (counts.totals.evictions === 0) {
      version += 1;
      table.put(`key ${version}`, entryOf(`key ${version}`, version), inShard);
    }
    const before = writer.entries.count;
    reader.snapshots.read(() => {
      for (let more = 1; more <= 3; more++) table.put('late', entryOf('late', version + more), inShard);
    });
    expect(writer.entries.count).toBeGreaterThanOrEqual(before - 8);
    table.put('later', entryOf('later', version + 10), inShard);
    expect(typeof writer.snapshots.read(() => table.look('later'))).toBe('object');
    expect(table.verify()).toEqual([]);
  });

  it('free what a turn took out that had no successor, also after a turn that threw', () => {
    const opened = entered(emptyMemory(), 0);
    put(opened, 'a', 1);
    put(opened, 'b', 2);
    const failing = (): void =>
      opened.entries.inTurn(() => {
        removeKey(opened, 'a');
        opened.entries.write('c', plain(3, 50), 1);
        throw new Error('half-way');
      });
    expect(failing).toThrow('half-way');
    expect([byteOf(opened, 'a'), byteOf(opened, 'b'), byteOf(opened, 'c')]).toEqual([1, 2, undefined]);
    opened.entries.inTurn(() => removeKey(opened, 'b'));
    expect(opened.entries.verify()).toEqual([]);
    expect(opened.arena.count).toBe(1);
  });
});

describe('blocks that wait to be freed', () => {
  it('are bounded, freed in the order in which they were retired, and only when unread', () => {
    const ring = 16;
    const words = new Int32Array(ring + RetiredBlocks.bytes / 4);
    let tail = -3; // it goes round
    let unreadUpTo = -1;
    let retired = 0;
    const freed: number[] = [];
    const snapshots = {
      words,
      field: () => tail,
      setField: (_field: number, value: number) => void (tail = value),
      isUnread: (version: number) => version <= unreadUpTo,
      get nextVersion() {
        return retired;
      },
    } as unknown as SnapshotCell;
    const arena = { release: (slot: number) => freed.push(words[slot]!) } as unknown as Arena;
    words[0] = tail;
    const blocks = new RetiredBlocks({ snapshots, arena, name: 'blocks', head: 0, ring });
    const fill = (): void => {
      for (;;) {
        blocks.add(1_000_000 + retired);
        retired += 1;
      }
    };
    expect(fill).toThrow(VersionsHeldError);
    const bound = RetiredBlocks.bytes / 8;
    expect([retired, blocks.waiting]).toEqual([bound, bound]);
    expect(blocks.free()).toBe(false);
    unreadUpTo = 9;
    expect(blocks.free()).toBe(true);
    expect(freed).toEqual(Array.from({ length: 10 }, (_, number) => 1_000_000 + number));
    expect(fill).toThrow(VersionsHeldError);
    expect(retired).toBe(bound + 10);
    unreadUpTo = Infinity;
    expect(blocks.free()).toBe(true);
    expect(freed.length).toBeLessThan(100); // no turn is long after a reader that stayed
    while (blocks.waiting > 0) blocks.free();
    expect(freed).toEqual(Array.from({ length: bound + 10 }, (_, number) => 1_000_000 + number));
  });
});

describe('a thread that dies at any write of a turn', () => {
  it('leaves all or nothing, and frees nothing twice, also when its successor dies at any write', () => {
    const prepared = emptyMemory();
    const first = entered(prepared, 0);
    for (const key of ['a', 'b', 'c']) put(first, key, 1);
    first.entries.inTurn(() => removeKey(first, 'c')); // which waits to be freed
    const wrong: string[] = [];
    for (let writes = 0, dies = true; dies; writes++) {
      const memory = copyOf(prepared);
      dies = lifeOf(memory, 1, writes);
      for (let more = 0, diesToo = true; diesToo; more += 3) {
        const again = copyOf(memory);
        diesToo = lifeOf(again, 2, more);
        const last = entered(again, 3);
        const where = `died at ${writes}, its successor at ${more}: `;
        wrong.push(...last.entries.verify().map((problem) => where + problem));
        const seen = [byteOf(last, 'a'), byteOf(last, 'b')].join();
        const isNew = seen === ',2';
        if (!isNew && (seen !== '1,1' || !diesToo)) wrong.push(`${where}left ${seen}`);
      }
      expect(wrong).toEqual([]);
    }
  });
});

describe('entries in a snapshot across threads', () => {
  it.each([1, 2])('are never freed under a reader: seed %i', async (seed) => {
    await using crew = new Crew({ locks: LOCKS, dataBytes: DATA_BYTES });
    for (const position of [0, 1, 2, 3]) await crew.start(position);
    const order = (position: number, job: string, rounds: number): Promise<unknown> =>
      crew.order(position, SNAPSHOT_ENTRIES_JOBS, job, { rounds, seed });
    const results = await Promise.all([
      order(0, 'write', 4_000),
      order(1, 'write', 4_000),
      order(2, 'read', 400),
      order(3, 'read', 400),
    ]);
    expect(results.slice(2)).toEqual([0, 0]);
    const main = entered(crew.memory, MAIN);
    expect(main.entries.verify()).toEqual([]);
  });

  it('are freed once a reader that died with its version is buried', async () => {
    await using crew = new Crew({ locks: LOCKS, dataBytes: DATA_BYTES });
    const main = entered(crew.memory, MAIN);
    put(main, 'key', 1);
    await crew.start(0);
    crew.order(0, SNAPSHOT_ENTRIES_JOBS, 'hold').catch(() => {}); // killed
    const { value } = Atomics.waitAsync(crew.memory.notes, HOLDING, 0);
    await value;
    for (let byte = 2; byte < 10; byte++) put(main, 'key', byte);
    expect(main.arena.count).toBe(9);
    await crew.kill(0);
    expect(main.entries.verify()).toEqual([]);
    expect(main.arena.count).toBe(1);
  });
});
