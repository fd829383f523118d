/** A thread dies at each of its writes to a connection map in place; whoever repairs it dies at each of its own. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { memoryOnly } from '../../src/origin/write-through.ts';
import type { ConnectionsPage } from '../../src/resources/connections.ts';
import { pageOf } from '../../src/strategies/connection-listing.ts';
import { SystemClock } from '../../src/clock.ts';
import { roomSizes } from '../../src/strategies/connection-pages.ts';
import { sweeping } from '../../src/strategies/connection-sweep.ts';
import type { ConnectionTable } from '../../src/strategies/connection-table.ts';
import { sharedConnections, sharedConnectionsMemory } from '../../src/strategies/shared-connections.ts';
import type { CellContext } from '../../src/strategies/strategy.ts';
import { DirtyFlags } from '../../src/sync/dirty-flags.ts';
import { abandon, LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { liveFor } from '../support/crash-memory.ts';

const [FIRST, SECOND, THIRD] = [0, 1, 2].map((position) => ThreadTable.slot(position, 0)) as [number, number, number];
const SMALL_ARENA = { CONNECTIONS_CAPACITY: '4', CONNECTIONS_MEMORY_MB: '1' };
const settings = readSettings(SMALL_ARENA);
const { locks: lockCount, bytes } = sharedConnectionsMemory(settings, 1);

interface Memory {
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly data: SharedArrayBuffer;
}

interface Opened {
  register(id: string, room: string, holder?: number): void;
  leave(id: string): void;
  sweep(): void;
  /** Takes the lock, so that whoever is first repairs. */
  visit(): void;
  /** By id, the room; and a complaint where totals, rooms and entries differ. */
  contents(): string;
}

const threadsWith = (...slots: number[]): ThreadTable => {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  for (const slot of slots) threads.enter(slot);
  return threads;
};

/** The map as one thread has it. */
function open({ locks, data }: Memory, slot: number, repairs: (table: ConnectionTable) => void = () => {}): Opened {
  const context = {
    name: 'test',
    memory: { locks, data },
    settings,
    thread: { slot, threads: threadsWith(FIRST, SECOND, THIRD) },
    hashSeed: [1, 2],
    clock: new SystemClock(),
    firstEpoch: 0,
    writeThrough: memoryOnly,
    lab: { midway: () => {} },
  } as unknown as CellContext;
  const { table, repair } = sharedConnections(context);
  const options = { name: 'map', slot, timeoutMs: 1_000 };
  const mutex = new SyncMutex(locks, 0, {
    ...options,
    repair() {
      repair(0);
      repairs(table);
    },
  });
  const { sweep, reclaiming } = sweeping(context, table, { inShard: () => (_shard, section) => mutex.run(section) });
  return {
    register(id, room, holder) {
      const registration = { room, details: JSON.stringify({ room }).slice(1, -1), holder };
      reclaiming(() => mutex.run(() => table.register(id, registration)));
    },
    leave: (id) => mutex.run(() => void table.leave(id, '*')),
    sweep: () => void sweep(100, 0, {}),
    visit: () => mutex.run(() => {}),
    contents: () => mutex.run(() => contentsOf(table)),
  };
}

function listed(table: ConnectionTable, room: string | undefined): ConnectionsPage {
  const request = { room, limit: 1000, cursor: 0 };
  return pageOf(table, request);
}

function contentsOf(table: ConnectionTable): string {
  const page = listed(table, undefined);
  const entries = page.connections.map(({ id, room }) => [id, room] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const sizes = new Map(roomSizes(table).map(({ room, connections }) => [room, connections]));
  const wrong = table.entries.verify();
  if (page.total !== entries.length) wrong.push(`total ${page.total} of ${entries.length}`);
  for (const room of new Set([...entries.map(([, name]) => name), ...sizes.keys()])) {
    const ids = entries.flatMap(([id, name]) => (name === room ? [id] : []));
    const members = listed(table, room);
    if (sizes.get(room) !== ids.length) wrong.push(`room ${room} has ${ids.length}, not ${sizes.get(room)}`);
    if (
      members.connections
        .map(({ id }) => id)
        .toSorted()
        .join() !== ids.join()
    )
      wrong.push(`members of ${room}`);
  }
  return JSON.stringify({ entries, wrong });
}

const GONE = ThreadTable.slot(9, 0); // a thread that does not live

const changes: { name: string; change: (opened: Opened) => void }[] = [
  { name: 'a registration', change: (opened) => opened.register('new', 'r') },
  { name: 'a registration in a room of its own', change: (opened) => opened.register('new', 'own') },
  { name: 'a move to another room', change: (opened) => opened.register('a', 's') },
  { name: 'a move of the last to another room', change: (opened) => opened.register('c', 'r') },
  { name: 'a departure', change: (opened) => opened.leave('a') },
  { name: 'the departure of a room’s last', change: (opened) => opened.leave('c') },
  { name: 'a sweep', change: (opened) => opened.sweep() },
];

function emptyMemory(): Memory {
  return { locks: new Int32Array(new SharedArrayBuffer(lockCount * LOCK_BYTES)), data: new SharedArrayBuffer(bytes) };
}

const copyOf = ({ locks, data }: Memory): Memory => ({
  locks: new Int32Array(locks.buffer.slice()),
  data: data.slice(),
});

/** One life of a thread on the map, and its burial if it dies. @returns whether it did */
function live({ locks, data }: Memory, slot: number, writes: number, act: (opened: Opened) => void): boolean {
  const { crashed } = liveFor(writes, [data], (wrap) => act(open({ data, locks: wrap(locks) }, slot)));
  if (crashed) abandon(locks, slot, threadsWith(THIRD));
  return crashed;
}

function crashEverywhere(change: (opened: Opened) => void, repairs?: (table: ConnectionTable) => void) {
  const prepared = emptyMemory();
  const first = open(prepared, FIRST);
  first.register('a', 'r');
  first.register('gone', 'r', GONE);
  first.register('b', 'r');
  first.register('c', 's');
  const old = first.contents();
  const changed = copyOf(prepared);
  change(open(changed, FIRST));
  const expected = open(changed, THIRD).contents();
  const wrong: string[] = [];
  let lives = 0;
  for (let writes = 0, dies = true; dies && wrong.length < 10; writes++) {
    const memory = copyOf(prepared);
    dies = live(memory, FIRST, writes, change);
    for (let repaired = 0, diesToo = true; diesToo; repaired += 3, lives++) {
      const again = copyOf(memory);
      diesToo = live(again, SECOND, repaired, (opened) => opened.visit());
      const contents = open(again, THIRD, repairs).contents();
      if (contents === expected || (dies && contents === old)) continue;
      wrong.push(`died at write ${writes}, its successor at ${repaired}: left ${contents}`);
    }
  }
  return { old, expected, wrong, lives };
}

describe.each(changes)('a thread that dies at any write of $name', ({ change }) => {
  it('leaves all or nothing, and totals, rooms and entries agree', () => {
    const { expected, wrong, lives } = crashEverywhere(change);
    expect(JSON.parse(expected)).toMatchObject({ wrong: [] });
    expect(wrong).toEqual([]);
    expect(lives).toBeGreaterThan(20);
  });
});

it('such deaths uncover a repair that leaves the rooms as they are', () => {
  const { wrong } = crashEverywhere(changes[2]!.change, (table) => table.roomsOf(0).clear());
  expect(wrong).not.toEqual([]);
});

describe('such deaths uncover a change that', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.for([
    {
      fault: 'marks nothing',
      during: <T>(_flags: DirtyFlags, _shard: number, change: () => T): T => change(),
    },
    {
      fault: 'is marked once it has begun',
      during<T>(flags: DirtyFlags, shard: number, change: () => T): T {
        const result = change();
        flags.set(shard);
        flags.clear(shard);
        return result;
      },
    },
    {
      fault: 'is marked as over before it is',
      during<T>(flags: DirtyFlags, shard: number, change: () => T): T {
        flags.set(shard);
        flags.clear(shard);
        return change();
      },
    },
  ])('$fault', ({ during }) => {
    vi.spyOn(DirtyFlags.prototype, 'during').mockImplementation(function (this: DirtyFlags, shard, change) {
      return during(this, shard, change);
    });
    expect(crashEverywhere(changes[2]!.change).wrong).not.toEqual([]);
  });
});
