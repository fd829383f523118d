/**
 * Counters as records, the same for every strategy that shares memory: what differs between them is only who may call
 * this when. Every method runs under the lock of the key's shard, or as the only one who may.
 */
import { CapacityError } from '../errors.ts';
import type { Written } from '../origin/origin.ts';
import type { CounterChange, CounterPage, PageRequest } from '../resources/counters.ts';
import { LEAF_TIMEOUT_MS, LOCK_WORDS } from '../sync/lock-line.ts';
import type { Settings } from '../settings.ts';
import type { RecordTable } from '../sync/record-table.ts';
import { SharedTable } from '../sync/shared-table.ts';
import { asOwner, type InShard } from './in-shard.ts';
import type { CellContext, CellMemorySize } from './strategy.ts';

const VALUE = 0;
const VERSION = 1;

export interface CounterTableOptions {
  readonly capacity: number;
  readonly shards: number;
  /** Runs in the middle of every change; see `Lab`. */
  readonly midway: () => void;
}

export class CounterTable {
  readonly #table: RecordTable;
  readonly #options: CounterTableOptions;

  constructor(table: RecordTable, options: CounterTableOptions) {
    this.#table = table;
    this.#options = options;
  }

  shardOf(key: string): number {
    return this.#table.shardOf(key);
  }

  read(key: string): number | undefined {
    const record = this.#table.find(key);
    return record === -1 ? undefined : this.#table.number(this.#table.payloadOf(record), VALUE);
  }

  /** Decides what `change` makes of a counter and gives it a version, without changing the table. */
  draft(key: string, change: CounterChange): Written<number> {
    const current = this.read(key);
    const value = change(current);
    if (current === undefined && this.#table.isFull) throw new CapacityError('counters', this.#options.capacity);
    return { value, version: this.nextVersion(key) };
  }

  /** A version newer than every one that the key was given before. */
  nextVersion(key: string): number {
    return this.#table.nextSequence(this.shardOf(key));
  }

  /** Puts a drafted write into the table; an undefined value takes the counter out. */
  commit(key: string, { value, version }: Written): void {
    if (value === undefined) return this.#commitRemoval(key);
    const write = (payload: number): void => {
      this.#table.setNumber(payload, VALUE, Number(value));
      this.#options.midway();
      this.#table.setNumber(payload, VERSION, version);
    };
    const record = this.#table.find(key);
    if (record !== -1) this.#table.update(record, write);
    else if (this.#table.insert(key, write) === -1) throw new CapacityError('counters', this.#options.capacity);
  }

  /** Drafts and commits in one step. */
  update(key: string, change: CounterChange): Written<number> {
    const written = this.draft(key, change);
    this.commit(key, written);
    return written;
  }

  /** @returns the deletion's version, undefined when there was no such counter */
  draftRemoval(key: string): Written<undefined> | undefined {
    if (this.#table.find(key) === -1) return undefined;
    return { value: undefined, version: this.nextVersion(key) };
  }

  remove(key: string): Written<undefined> | undefined {
    const written = this.draftRemoval(key);
    if (written !== undefined) this.#commitRemoval(key);
    return written;
  }

  /**
   * One page: it costs its own length, wherever it starts. With several shards `inShard` runs the reading of each under
   * that shard's lock, one after another; what leaves before its shard is read is missing, and the page is shorter.
   */
  page({ limit, cursor }: PageRequest, inShard: InShard = asOwner): CounterPage {
    const table = this.#table;
    const byShard = Array.from({ length: this.#options.shards }, (): number[] => []);
    let next = table.nextLive(cursor);
    for (let passed = 0; next !== -1 && passed < limit; passed++) {
      byShard[table.shardAt(next)]?.push(next);
      next = table.nextLive(next + 1);
    }
    const found: { record: number; key: string; value: number }[] = [];
    let total = 0;
    for (const [shard, records] of byShard.entries()) {
      inShard(shard, () => {
        total += table.count(shard);
        for (const record of records) {
          const key = table.keyOf(record, shard);
          if (key !== undefined) found.push({ record, key, value: table.number(table.payloadOf(record), VALUE) });
        }
      });
    }
    found.sort((a, b) => a.record - b.record);
    const counters = found.map(({ key, value }) => ({ key, value }));
    return { counters, total, cursor: next === -1 ? undefined : next };
  }

  #commitRemoval(key: string): void {
    const record = this.#table.find(key);
    if (record !== -1) this.#table.remove(record, this.#options.midway);
  }
}

/** Memory for a `SharedTable` of counters and `locks` locks, besides the table's own leaf lock, which is the last. */
export function sharedCountersMemory({ COUNTERS_CAPACITY }: Settings, locks: number, shards = 1): CellMemorySize {
  return { locks: locks + 1, bytes: SharedTable.bytes(COUNTERS_CAPACITY, shards) };
}

/** Counters in a `SharedTable` in the cell's memory, and the table itself, whose `repair` goes with each shard's lock. */
export function sharedCounters({ memory, settings, thread, hashSeed, lab }: CellContext, shards = 1) {
  const capacity = settings.COUNTERS_CAPACITY;
  const options = { name: 'counters/pool', slot: thread.slot, timeoutMs: LEAF_TIMEOUT_MS };
  const lock = { locks: memory.locks, line: memory.locks.length - LOCK_WORDS, options };
  const records = new SharedTable({ data: memory.data, capacity, shards, seed: hashSeed, lock });
  return { records, table: new CounterTable(records, { capacity, shards, midway: lab.midway }) };
}
