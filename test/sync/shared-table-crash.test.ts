import { describe, expect, it } from 'vitest';
import { abandon, LOCK_WORDS } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { liveFor } from '../support/crash-memory.ts';
import { PatchedSource, type Patch } from '../support/patched-source.ts';
import { loadSync, REAL_MODULES, type SyncModules } from '../support/sync-modules.ts';
import {
  contentsOf,
  type LockedTable,
  openTable,
  put,
  removeKey,
  tableMemory,
  type TableMemory,
  type TableShape,
} from '../support/tables.ts';

const shape: TableShape = { capacity: 6, shards: 2 };
const FIRST = ThreadTable.slot(0, 0);
const SECOND = ThreadTable.slot(1, 0);
const THIRD = ThreadTable.slot(2, 0);
const long = (end: string): string => `${'long-key-'.repeat(12)}${end}`;

interface Change {
  readonly name: string;
  readonly before: (opened: LockedTable) => void;
  readonly change: (opened: LockedTable) => void;
}

const some = ['a', 'b', 'c', long('é')];
const fill = (opened: LockedTable): void => some.forEach((key, index) => put(opened, key, index));

const changes: Change[] = [
  { name: 'the first insert', before: () => {}, change: (opened) => put(opened, 'new', 1) },
  { name: 'an insert with a long key', before: fill, change: (opened) => put(opened, long('new'), 1) },
  {
    name: 'an insert into a freed record',
    before(opened) {
      fill(opened);
      removeKey(opened, 'b');
      removeKey(opened, 'a');
    },
    change: (opened) => put(opened, 'new', 1),
  },
  { name: 'an update', before: fill, change: (opened) => put(opened, 'b', 99) },
  ...some.map((key) => ({
    name: `the removal of ${key.slice(-8)}`,
    before: fill,
    change: (opened: LockedTable) => removeKey(opened, key),
  })),
  {
    name: 'the removal of the last',
    before: (opened) => put(opened, 'only', 1),
    change: (opened) => removeKey(opened, 'only'),
  },
];

describe.each(changes)('a thread that dies at any write of $name', (change) => {
  it('leaves all or nothing, also when the one that repairs dies at any write', () => {
    const { wrong, lives } = crashEverywhere(change, REAL_MODULES);
    expect(wrong).toEqual([]);
    expect(lives).toBeGreaterThan(20);
  });

  it('leaves all or nothing, also when another shard uses the pool before anybody repairs', () => {
    expect(crashWhileOthersGoOn(change)).toEqual([]);
  });
});

describe('such deaths uncover', () => {
  const bugs: Record<string, Patch> = {
    'an update that saves nothing': {
      file: 'sync/shard-lines.ts',
      from: 'words[line + SAVED + word] = words[payload + word]!;',
      to: '',
    },
    'an intent that is opened before it is complete': {
      file: 'sync/shard-lines.ts',
      from: 'this.#words[line + COUNT_BEFORE] = this.#words[line + COUNT]!;\n    Atomics.store(this.#words, line + INTENT, intent);',
      to: 'Atomics.store(this.#words, line + INTENT, intent);\n    this.#words[line + COUNT_BEFORE] = this.#words[line + COUNT]!;',
    },
    'a pool that takes without an intent': {
      file: 'sync/record-pool.ts',
      from: 'Atomics.store(words, line + INTENT, TAKE);',
      to: '',
    },
    'a pool that gives without an intent': {
      file: 'sync/record-pool.ts',
      from: 'Atomics.store(this.#words, this.#line + INTENT, GIVE);',
      to: '',
    },
    'a removal that is not completed': {
      file: 'sync/shared-table.ts',
      from: 'this.#lines.countChanged(shard, -1);\n        this.#withdraw(record, shard);',
      to: 'if (this.#lines.count(shard) === 0) return;\n        this.#lines.countChanged(shard, -1);\n        this.#withdraw(record, shard);',
    },
    'a count that a repair does not set back': {
      file: 'sync/shared-table.ts',
      from: 'this.#lines.countChanged(shard, 0);',
      to: '',
    },
    'a chain that keeps a withdrawn record': {
      file: 'sync/shared-table.ts',
      from: 'words[link] = words[this.#layout.record(record) + NEXT]!;',
      to: '',
    },
  };

  it.each(Object.entries(bugs))('%s', async (_, patch) => {
    using source = new PatchedSource([patch]);
    const modules = await loadSync(source.href);
    const found = changes.flatMap((change) => crashEverywhere(change, modules).wrong);
    expect(found).not.toEqual([]);
  });
});

/** Kills the writer at each of its writes, and for each of those the one that repairs at each of its own. */
function crashEverywhere({ before, change }: Change, modules: SyncModules): { wrong: string[]; lives: number } {
  const prepared = tableMemory(shape, modules);
  before(openTable(prepared, shape, FIRST, modules));
  const old = contentsOf(openTable(prepared, shape, THIRD, modules));
  const changed = copyOf(prepared);
  change(openTable(changed, shape, FIRST, modules));
  const expected = [old, contentsOf(openTable(changed, shape, THIRD, modules))].map((contents) =>
    JSON.stringify(contents),
  );

  const wrong: string[] = [];
  let lives = 0;
  for (let writes = 0, dies = true; dies; writes++) {
    const memory = copyOf(prepared);
    dies = live(memory, FIRST, writes, modules, change);
    for (let repairs = 0, diesToo = true; diesToo; repairs++, lives++) {
      const again = copyOf(memory);
      diesToo = live(again, SECOND, repairs, modules, repairAll);
      const last = openTable(again, shape, THIRD, modules);
      repairAll(last);
      const contents = JSON.stringify(contentsOf(last));
      const where = `died at write ${writes}, its successor at ${repairs}: `;
      wrong.push(...last.table.verify().map((problem) => where + problem));
      if (!expected.includes(contents)) wrong.push(`${where}left ${contents}`);
      if (!dies && contents !== expected[1]) wrong.push(`${where}lost what was complete`);
      if (wrong.length > 10) return { wrong, lives };
    }
  }
  return { wrong, lives };
}

/** Kills the writer at each of its writes, and has a thread fill the other shards before the dead one's is repaired. */
function crashWhileOthersGoOn({ before, change }: Change): string[] {
  const prepared = tableMemory(shape, REAL_MODULES);
  before(openTable(prepared, shape, FIRST, REAL_MODULES));
  const wrong: string[] = [];
  for (let writes = 0, dies = true; dies; writes++) {
    const memory = copyOf(prepared);
    dies = live(memory, FIRST, writes, REAL_MODULES, change);
    const other = openTable(memory, shape, THIRD, REAL_MODULES);
    const isFree = ({ table }: LockedTable, key: string): boolean =>
      memory.locks[table.shardOf(key) * LOCK_WORDS] === 0;
    const added = Array.from({ length: 12 }, (_, index) => `other-${index}`).filter(
      (key) => isFree(other, key) && put(other, key, 7),
    );
    repairAll(other);
    const contents = new Map(contentsOf(other));
    wrong.push(...other.table.verify().map((problem) => `died at write ${writes}: ${problem}`));
    for (const key of added) if (contents.get(key) !== 7) wrong.push(`died at write ${writes}: lost ${key}`);
  }
  return wrong;
}

/** One life of a thread on the table, and its burial if it dies. @returns whether it did */
function live(
  memory: TableMemory,
  slot: number,
  writes: number,
  modules: SyncModules,
  act: (opened: LockedTable) => void,
): boolean {
  const { data, locks } = memory;
  const { crashed } = liveFor(writes, [data], (wrap) =>
    act(openTable({ data, locks: wrap(locks) }, shape, slot, modules)),
  );
  if (!crashed) return false;
  const threads = new modules.ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  threads.enter(THIRD);
  abandon(locks, slot, threads);
  return true;
}

function repairAll({ mutexes }: LockedTable): void {
  for (const mutex of mutexes) mutex.run(() => {});
}

function copyOf({ locks, data }: TableMemory): TableMemory {
  const copy = {
    locks: new Int32Array(new SharedArrayBuffer(locks.byteLength)),
    data: new SharedArrayBuffer(data.byteLength),
  };
  copy.locks.set(locks);
  new Uint8Array(copy.data).set(new Uint8Array(data));
  return copy;
}
