import { describe, expect, it } from 'vitest';
import { SharedEntries } from '../../src/strategies/shared-entries.ts';
import { Arena } from '../../src/sync/arena.ts';
import { abandon, LOCK_BYTES, LOCK_WORDS } from '../../src/sync/lock-line.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { liveFor } from '../support/crash-memory.ts';

const SHARDS = 2;
const CAPACITY = 4;
const LINE_BYTES = 64;
const NOTES_AT = Math.ceil(SharedTable.bytes(CAPACITY, SHARDS) / LINE_BYTES) * LINE_BYTES;
const ARENA_AT = NOTES_AT + SHARDS * LINE_BYTES;
const ARENA_BYTES = 1000;
const [FIRST, SECOND, THIRD] = [0, 1, 2].map((position) => ThreadTable.slot(position, 0)) as [number, number, number];

interface Memory {
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly data: SharedArrayBuffer;
}

interface Opened {
  write(key: string, text: string): boolean;
  remove(key: string): void;
  /** Takes and releases every lock, so that whoever is first repairs. */
  visit(): void;
  contents(): Record<string, string>;
  verify(): string[];
}

function emptyMemory(): Memory {
  return {
    locks: new Int32Array(new SharedArrayBuffer((SHARDS + 2) * LOCK_BYTES)),
    data: new SharedArrayBuffer(ARENA_AT + Arena.bytes(ARENA_BYTES)),
  };
}

/** The entries as one thread has them. */
function open({ locks, data }: Memory, slot: number, Class = SharedEntries): Opened {
  const lock = (number: number) => ({
    locks,
    line: number * LOCK_WORDS,
    options: { name: `lock ${number}`, slot, timeoutMs: 1000 },
  });
  const records = new SharedTable({ data, capacity: CAPACITY, shards: SHARDS, seed: [1, 2], lock: lock(SHARDS) });
  const arena = new Arena({ data, byteOffset: ARENA_AT, capacityBytes: ARENA_BYTES, lock: lock(SHARDS + 1) });
  const notes = { first: NOTES_AT / 4, apart: LINE_BYTES / 4 };
  const entries = new Class({ records, arena, notes, midway: () => {} });
  const mutexes = Array.from({ length: SHARDS }, (_, shard) => {
    const { line, options } = lock(shard);
    return new SyncMutex(locks, line, { ...options, repair: () => entries.repair(shard) });
  });
  return {
    write: (key, text) =>
      mutexes[entries.shardOf(key)]!.run(() => entries.write(key, new Uint8Array(Buffer.from(text)), 1)),
    remove: (key) => mutexes[entries.shardOf(key)]!.run(() => entries.remove(entries.find(key))),
    visit() {
      for (const mutex of mutexes) mutex.run(() => {});
    },
    contents() {
      const found = keys.map((key) => [key, entries.find(key)] as const).filter(([, record]) => record !== -1);
      return Object.fromEntries(found.map(([key, record]) => [key, Buffer.from(entries.copy(record)).toString()]));
    },
    verify: () => entries.verify(),
  };
}

const keys = ['a', 'b', 'c', 'new', 'x'.repeat(100)];

interface Change {
  readonly name: string;
  readonly change: (opened: Opened) => void;
}

const changes: Change[] = [
  { name: 'a new entry', change: (opened) => void opened.write('new', 'n'.repeat(90)) },
  { name: 'a new entry with a long key', change: (opened) => void opened.write('x'.repeat(100), 'n'.repeat(90)) },
  { name: 'an entry in the place of another', change: (opened) => void opened.write('b', 'longer '.repeat(20)) },
  { name: 'an entry for which there is no room', change: (opened) => void opened.write('new', 'n'.repeat(900)) },
  { name: 'a removal', change: (opened) => opened.remove('b') },
];

/** Kills the writer at each of its writes, and for each of those the one that repairs at each of its own. */
function crashEverywhere({ change }: Change, Class = SharedEntries): { wrong: string[]; lives: number } {
  const prepared = emptyMemory();
  const first = open(prepared, FIRST);
  for (const key of ['a', 'b', 'c']) first.write(key, key.repeat(100));
  const old = JSON.stringify(first.contents());
  const changed = copyOf(prepared);
  change(open(changed, FIRST));
  const expected = JSON.stringify(open(changed, THIRD).contents());

  const wrong: string[] = [];
  let lives = 0;
  for (let writes = 0, dies = true; dies; writes++) {
    const memory = copyOf(prepared);
    dies = live(memory, FIRST, writes, Class, change);
    for (let repairs = 0, diesToo = true; diesToo; repairs++, lives++) {
      const again = copyOf(memory);
      diesToo = live(again, SECOND, repairs, Class, (opened) => opened.visit());
      const last = open(again, THIRD, Class);
      last.visit();
      const where = `died at write ${writes}, its successor at ${repairs}: `;
      wrong.push(...last.verify().map((problem) => where + problem));
      const contents = JSON.stringify(last.contents());
      if (contents !== expected && (contents !== old || !dies)) wrong.push(`${where}left ${contents}`);
      if (wrong.length > 10) return { wrong, lives };
    }
  }
  return { wrong, lives };
}

/** One life of a thread on the entries, and its burial if it dies. @returns whether it did */
function live(
  memory: Memory,
  slot: number,
  writes: number,
  Class: typeof SharedEntries,
  act: (opened: Opened) => void,
) {
  const { locks, data } = memory;
  const { crashed } = liveFor(writes, [data], (wrap) => act(open({ data, locks: wrap(locks) }, slot, Class)));
  if (!crashed) return false;
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  threads.enter(THIRD);
  abandon(locks, slot, threads);
  return true;
}

function copyOf({ locks, data }: Memory): Memory {
  return { locks: new Int32Array(locks.buffer.slice()), data: data.slice() };
}

describe.each(changes)('a thread that dies at any write of $name', (change) => {
  it('leaves all or nothing, also when the one that repairs dies at any write', () => {
    const { wrong, lives } = crashEverywhere(change);
    expect(wrong).toEqual([]);
    expect(lives).toBeGreaterThan(20);
  });
});

it('such deaths uncover a repair that leaves the spare block', () => {
  class Leaking extends SharedEntries {
    override repair(): void {
      // nothing
    }
  }
  expect(crashEverywhere(changes[0]!, Leaking).wrong).not.toEqual([]);
});
