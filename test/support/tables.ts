/** A `SharedTable` with its locks, as one thread sees it: a blocking mutex per shard, and the pool's leaf lock last. */
import { LOCK_BYTES, LOCK_WORDS } from '../../src/sync/lock-line.ts';
import type { SharedTable } from '../../src/sync/shared-table.ts';
import type { SyncMutex } from '../../src/sync/sync-mutex.ts';
import type { Slot } from '../../src/sync/thread-table.ts';
import type { SyncModules } from './sync-modules.ts';

export interface TableShape {
  readonly capacity: number;
  readonly shards: number;
}

export interface TableMemory {
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly data: SharedArrayBuffer;
}

export interface LockedTable {
  readonly table: SharedTable;
  /** By shard. */
  readonly mutexes: readonly SyncMutex[];
}

type TableModules = Pick<SyncModules, 'SharedTable' | 'SyncMutex'>;

const SEED = [0x1234567, -0x89abcde] as const;

export function tableMemory({ capacity, shards }: TableShape, { SharedTable }: TableModules): TableMemory {
  return {
    locks: new Int32Array(new SharedArrayBuffer((shards + 1) * LOCK_BYTES)),
    data: new SharedArrayBuffer(SharedTable.bytes(capacity, shards)),
  };
}

/** @param onRepair called instead of a shard's repair; runs that itself */
export function openTable(
  { locks, data }: TableMemory,
  { capacity, shards }: TableShape,
  slot: Slot,
  { SharedTable, SyncMutex }: TableModules,
  {
    timeoutMs = 10_000,
    onRepair,
  }: { timeoutMs?: number; onRepair?: (shard: number, repair: (shard: number) => void) => void } = {},
): LockedTable {
  const lock = { locks, line: shards * LOCK_WORDS, options: { name: 'pool', slot, timeoutMs } };
  const table = new SharedTable({ data, capacity, shards, seed: SEED, lock });
  const repairShard = (shard: number): void => table.repair(shard);
  const mutexes = Array.from({ length: shards }, (_, shard) => {
    const repair = (): void => (onRepair === undefined ? repairShard(shard) : onRepair(shard, repairShard));
    return new SyncMutex(locks, shard * LOCK_WORDS, { name: `shard ${shard}`, slot, timeoutMs, repair });
  });
  return { table, mutexes };
}

const VALUE = 0;
const COPY = 1; // the same once more: whoever reads two values reads a half-written record

/** Makes a key hold a value, under its lock. @returns whether there was room */
export function put(opened: LockedTable, key: string, value: number): boolean {
  const { table } = opened;
  return shardOf(opened, key).run(() => {
    const write = (payload: number): void => {
      table.setNumber(payload, VALUE, value);
      table.setNumber(payload, COPY, value);
    };
    const record = table.find(key);
    if (record === -1) return table.insert(key, write) !== -1;
    table.update(record, write);
    return true;
  });
}

/** The value of a key, under its lock; undefined when it has none, `NaN` when it is half-written. */
export function get(opened: LockedTable, key: string): number | undefined {
  const { table } = opened;
  return shardOf(opened, key).run(() => {
    const record = table.find(key);
    return record === -1 ? undefined : valueOf(table, record);
  });
}

/** @returns whether the key was there */
export function removeKey(opened: LockedTable, key: string): boolean {
  return shardOf(opened, key).run(() => {
    const record = opened.table.find(key);
    if (record !== -1) opened.table.remove(record);
    return record !== -1;
  });
}

/** All keys with their values, in the order of the keys. */
export function contentsOf({ table, mutexes }: LockedTable): [string, number][] {
  const found: [string, number][] = [];
  for (const [shard, mutex] of mutexes.entries()) {
    mutex.run(() => {
      for (let record = 0; record < table.end; record++) {
        const key = table.keyOf(record, shard);
        if (key !== undefined) found.push([key, valueOf(table, record)]);
      }
    });
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

function shardOf({ table, mutexes }: LockedTable, key: string): SyncMutex {
  return mutexes[table.shardOf(key)]!;
}

function valueOf(table: SharedTable, record: number): number {
  const payload = table.payloadOf(record);
  const value = table.number(payload, VALUE);
  return value === table.number(payload, COPY) ? value : Number.NaN;
}
