/**
 * Counters in the `SharedTable` format, the same for every strategy that shares memory: what differs between them is
 * only who may call this when. Every method runs under the lock of the key's shard.
 */
import { CapacityError } from '../errors.ts';
import type { Written } from '../origin/origin.ts';
import type { CounterChange, CounterPage, PageRequest } from '../resources/counters.ts';
import { LOCK_WORDS } from '../sync/lock-line.ts';
import { SharedTable } from '../sync/shared-table.ts';
import type { CellContext, CellMemorySize } from './strategy.ts';

const VALUE = 0;
const VERSION = 1;

/** Runs `read` under the lock of `shard`. */
export type InShard = (shard: number, read: () => void) => void;

export class CounterTable {
  readonly #table: SharedTable;
  readonly #shards: number;
  readonly #capacity: number;
  readonly #midway: () => void;

  /** Memory for the table and `locks` locks, besides its own leaf lock, which is the last. */
  static memory(capacity: number, locks: number, shards = 1): CellMemorySize {
    return { locks: locks + 1, bytes: SharedTable.bytes(capacity, shards) };
  }

  constructor({ memory, settings, thread, hashSeed, lab }: CellContext, shards = 1) {
    this.#shards = shards;
    this.#capacity = settings.COUNTERS_CAPACITY;
    this.#midway = lab.midway;
    const line = memory.locks.length - LOCK_WORDS;
    const options = { name: 'counters/pool', slot: thread.slot, timeoutMs: settings.LOCK_TIMEOUT_MS };
    this.#table = new SharedTable({
      data: memory.data,
      capacity: this.#capacity,
      shards,
      seed: hashSeed,
      lock: { locks: memory.locks, line, options },
    });
  }

  shardOf(key: string): number {
    return this.#table.shardOf(key);
  }

  read(key: string): number | undefined {
    const record = this.#table.find(key);
    return record === -1 ? undefined : this.#number(record, VALUE);
  }

  /** Decides what `change` makes of a counter and gives it a version, without changing the table. */
  draft(key: string, change: CounterChange): Written<number> {
    const current = this.read(key);
    const value = change(current);
    if (current === undefined && this.#table.isFull) throw new CapacityError('counters', this.#capacity);
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
      this.#table.doubles[(payload >>> 1) + VALUE] = Number(value);
      this.#midway();
      this.#table.doubles[(payload >>> 1) + VERSION] = version;
    };
    const record = this.#table.find(key);
    if (record !== -1) this.#table.update(record, write);
    else if (this.#table.insert(key, write) === -1) throw new CapacityError('counters', this.#capacity);
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

  /** One page. With several shards `inShard` runs the reading of each under that shard's lock, one after another. */
  page({ limit, cursor }: PageRequest, inShard: InShard = (_shard, read) => read()): CounterPage {
    const found: { record: number; key: string; value: number }[] = [];
    const end = this.#endOfPage(limit, cursor);
    let total = 0;
    for (let shard = 0; shard < this.#shards; shard++) {
      inShard(shard, () => {
        total += this.#table.count(shard);
        for (let record = cursor; record < end; record++) {
          const key = this.#table.keyOf(record, shard);
          if (key !== undefined) found.push({ record, key, value: this.#number(record, VALUE) });
        }
      });
    }
    found.sort((a, b) => a.record - b.record);
    const next = found.length > limit ? found[limit]!.record : end;
    const counters = found.slice(0, limit).map(({ key, value }) => ({ key, value }));
    return { counters, total, cursor: next < this.#table.end ? next : undefined };
  }

  repair(shard: number): void {
    this.#table.repair(shard);
  }

  #commitRemoval(key: string): void {
    const record = this.#table.find(key);
    if (record !== -1) this.#table.remove(record, this.#midway);
  }

  /** The first record number after a page that starts at `cursor`: enough records for `limit` live ones. */
  #endOfPage(limit: number, cursor: number): number {
    const { end } = this.#table;
    let live = 0;
    let record = cursor;
    for (; record < end && live < limit; record++) if (this.#table.isLive(record)) live += 1;
    return record;
  }

  #number(record: number, field: number): number {
    return this.#table.doubles[(this.#table.payloadOf(record) >>> 1) + field]!;
  }
}
