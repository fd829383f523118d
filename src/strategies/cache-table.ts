/**
 * The rules of a cache in shared memory, the same for every strategy: which of two entries stays, and who leaves when
 * room is needed. What differs between strategies is only who may call this when, and how entries change.
 *
 * Guarantee: an entry never gives way to one that the origin stored before it. That holds for versions that are not
 * there too, because they have left or were shown without being kept: each shard has the greatest of these, and a write
 * with no greater one comes too late to be kept. Of a key that the origin deleted that is the version of the deletion.
 * Cost: an eviction looks at eight entries.
 *
 * Recency is approximate, as in Redis: a read stores the time in its entry, and of eight random entries the one that
 * was used longest ago leaves; one that has expired leaves before all others. With all entries in one list, every read
 * would have to write to the list's head, under the lock.
 *
 * Fragmentation: a value that finds no gap after `MAX_EVICTIONS` have left is not kept: see `Arena`.
 *
 * @see Redis, "Key eviction" (approximated LRU)
 */
import type { Clock } from '../clock.ts';
import { afterFirstChange } from '../errors.ts';
import type { Ticket } from '../sync/single-flight.ts';
import { type CacheCounts, EVICTIONS, EXPIRED } from './cache-counts.ts';
import { type Entry, EXPIRES_AT_MS, VERSION, versionOf } from './cache-entry.ts';
import type { InShard } from './in-shard.ts';
import { turn } from '../sync/steps.ts';
import type { WaitOptions } from '../sync/wait.ts';
import { whenUnheld } from '../sync/when-unheld.ts';

const SAMPLES = 8;
const MAX_EVICTIONS = 256;
/** Times that a write finds that what has left is still looked at, before it gives up. */
const MAX_UNFREED = 2;
/** Records that `clear` passes in one turn of the event loop: half a millisecond where each that leaves is a version. */
const CLEARED_PER_TURN = 64;
/** Times of use are milliseconds that wrap around after 24 days; no entry lives longer than one. */
const USED_AT_MASK = 2 ** 31 - 1;

/** A copy of an entry that may be served, or why there is none. */
export type Seen = Entry | 'miss' | 'stale';

/** What became of a section. */
export type Placed = 'placed' | 'refused' | 'no room';

/** The entries of a cache, by record number; `SharedEntries` changes them in place. */
export interface CacheEntries {
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly count: number;
  /** Whether room of what has left is still to come, since somebody may look at it: evicting more brings none now. */
  readonly isFreeing?: boolean;
  /** How many leave at a time: 1 where an eviction costs no more than the entry. */
  readonly leaveTogether: number;
  /** Record numbers in use are below this. Asked, like what follows, inside `looking` or a section. */
  readonly end: number;
  looking(look: () => number): number;
  shardOf(key: string): number;
  /** The shard of a record, −1 while it is free. Outside the shard's lock it may be out of date at once. */
  shardAt(record: number): number;
  /** @returns the key's record number, −1 when it has none */
  find(key: string): number;
  /** One of the numbers of an entry. */
  number(record: number, field: number): number;
  copy(record: number): Entry;
  usedAtMs(record: number): number;
  touch(record: number, usedAtMs: number): void;
  /** Puts an entry in the place of what its key has. @returns whether there was room; if not, nothing changed */
  write(key: string, entry: Entry, usedAtMs: number): boolean;
  remove(record: number): void;
  verify(): string[];
}

export class CacheTable {
  readonly #entries: CacheEntries;
  readonly #counts: CacheCounts;
  readonly #floors: Float64Array;
  readonly #clock: Clock;

  /** @param floors a number for each shard, in shared memory: the greatest version that is not there (any more) */
  constructor(entries: CacheEntries, counts: CacheCounts, floors: Float64Array, clock: Clock) {
    this.#entries = entries;
    this.#counts = counts;
    this.#floors = floors;
    this.#clock = clock;
  }

  shardOf(key: string): number {
    return this.#entries.shardOf(key);
  }

  /** Runs under the lock of the key's shard, or while what it looks at stays as it is. */
  look(key: string): Seen {
    const record = this.#entries.find(key);
    if (record === -1) return 'miss';
    const nowMs = this.#clock.nowMs();
    if (this.#isExpired(record, nowMs)) return 'stale';
    this.#entries.touch(record, nowMs & USED_AT_MASK);
    return this.#entries.copy(record);
  }

  /** Keeps what a load brought, unless its ticket is void by then. @returns whether it is kept; if not, `pass` it on */
  keep(key: string, entry: Entry, ticket: Ticket, inShard: InShard<Placed>): boolean {
    const mayPlace = (record: number): boolean => !ticket.isVoid && !this.#isNewer(record, entry);
    return this.#place(key, entry, mayPlace, inShard) === 'placed';
  }

  /** Keeps what the origin has stored, unless something newer is there or has been. */
  put(key: string, entry: Entry, inShard: InShard<Placed>): void {
    const version = versionOf(entry);
    const mayPlace = (record: number, shard: number): boolean =>
      version > (record === -1 ? this.#floors[shard]! : this.#entries.number(record, VERSION));
    if (this.#place(key, entry, mayPlace, inShard) === 'no room') this.pass(key, version, inShard);
  }

  /** A version that is seen and not kept: from now on nothing older is there, or is kept by `put`. */
  pass(key: string, version: number, inShard: InShard<Placed>): void {
    const shard = this.shardOf(key);
    inShard(shard, () => {
      const record = this.#entries.find(key);
      if (record !== -1 && this.#entries.number(record, VERSION) < version) this.#takeOut(record, shard);
      this.#raise(shard, version);
      return 'placed';
    });
  }

  /** Keeps an entry whatever is there. For the control. */
  overwrite(key: string, entry: Entry, inShard: InShard<Placed>): boolean {
    return this.#place(key, entry, () => true, inShard) === 'placed';
  }

  forget(key: string, inShard: InShard<Placed>): void {
    const shard = this.shardOf(key);
    inShard(shard, () => this.#takeOut(this.#entries.find(key), shard));
  }

  /**
   * Takes out what was there when it began, some in each turn of the event loop. While readers leave no room for that it
   * waits, and goes on where it was.
   *
   * @throws {LockTimeoutError} the reason of the call's signal: with the outcome `unknown` once some have left
   */
  async clear(inShard: InShard<Placed>, call: WaitOptions): Promise<void> {
    const end = this.#entries.looking(() => this.#entries.end);
    let someHaveLeft = false;
    try {
      for (let from = 0; from < end; from += CLEARED_PER_TURN) {
        if (from > 0) await turn(call);
        let record = from;
        const clearSome = (): void => {
          for (; record < Math.min(from + CLEARED_PER_TURN, end); record++) {
            if (this.#clearAt(record, inShard) === 'placed') someHaveLeft = true;
          }
        };
        await whenUnheld(clearSome, call);
      }
    } catch (error) {
      throw someHaveLeft ? afterFirstChange(error) : error;
    }
  }

  #clearAt(record: number, inShard: InShard<Placed>): Placed {
    const shard = this.#entries.looking(() => this.#entries.shardAt(record));
    const isThere = (): boolean => this.#entries.shardAt(record) === shard;
    return shard === -1 ? 'refused' : inShard(shard, () => (isThere() ? this.#takeOut(record, shard) : 'refused'));
  }

  stats() {
    const { count: entries, capacityBytes, usedBytes: bytes } = this.#entries;
    return { entries, capacityBytes, bytes, ...this.#counts.totals };
  }

  /** @returns what is wrong: nothing, unless there is a defect. Nothing may change meanwhile. */
  verify(): string[] {
    return this.#entries.verify();
  }

  #place(
    key: string,
    entry: Entry,
    mayPlace: (record: number, shard: number) => boolean,
    inShard: InShard<Placed>,
  ): Placed {
    const shard = this.shardOf(key);
    let unfreed = 0;
    for (let left = 0; ; left++) {
      const placed = inShard(shard, () => {
        const record = this.#entries.find(key);
        if (!mayPlace(record, shard)) return 'refused';
        const nowMs = this.#clock.nowMs();
        const wasExpired = record !== -1 && this.#isExpired(record, nowMs);
        if (!this.#entries.write(key, entry, nowMs & USED_AT_MASK)) return 'no room';
        if (wasExpired) this.#counts.add(EXPIRED);
        return 'placed';
      });
      if (placed !== 'no room' || left === MAX_EVICTIONS) return placed;
      // What has left is free in the next turn, unless somebody looks at it for longer.
      if (this.#entries.isFreeing !== true) {
        if (!this.#makeRoom(inShard)) return placed;
      } else if (++unfreed > MAX_UNFREED) return placed;
    }
  }

  /** One entry leaves, or as many as do so together. It takes one lock at a time, none of which the caller holds. */
  #makeRoom(inShard: InShard<Placed>): boolean {
    const victim = this.#entries.looking(() => this.#victim());
    if (victim === -1) return false;
    const shard = this.#entries.looking(() => this.#entries.shardAt(victim));
    if (shard === -1) return true; // it has left meanwhile
    inShard(shard, () => {
      this.#evict(victim, shard);
      for (let more = 1; more < this.#entries.leaveTogether; more++) this.#evict(this.#victim(), shard);
      return 'placed';
    });
    return true;
  }

  #evict(record: number, shard: number): void {
    if (record === -1 || this.#entries.shardAt(record) !== shard) return; // another key's by now
    this.#counts.add(this.#isExpired(record, this.#clock.nowMs()) ? EXPIRED : EVICTIONS);
    this.#takeOut(record, shard);
  }

  /** The one of some random entries that was used longest ago, −1 when there is none. */
  #victim(): number {
    const nowMs = this.#clock.nowMs();
    const { end } = this.#entries;
    let oldest = -1;
    let oldestAgeMs = -Infinity;
    const first = Math.floor(Math.random() * end);
    for (let tries = 0, seen = 0; tries < end && seen < SAMPLES; tries++) {
      // Where most are free it looks at one after another, so that it ends with those there are.
      const record = tries < 4 * SAMPLES ? Math.floor(Math.random() * end) : (first + tries) % end;
      if (this.#entries.shardAt(record) === -1) continue;
      seen += 1;
      const ageMs = this.#isExpired(record, nowMs) ? Infinity : this.#ageMs(record, nowMs);
      if (ageMs <= oldestAgeMs) continue;
      oldest = record;
      oldestAgeMs = ageMs;
    }
    return oldest;
  }

  /** Below 0 when another thread used it a moment after `nowMs`. */
  #ageMs(record: number, nowMs: number): number {
    return ((nowMs - this.#entries.usedAtMs(record)) << 1) >> 1; // of the 31 bits, the top one is the sign
  }

  #isExpired(record: number, nowMs: number): boolean {
    return this.#entries.number(record, EXPIRES_AT_MS) <= nowMs;
  }

  /** Whether a record may be served and is newer than `entry`. */
  #isNewer(record: number, entry: Entry): boolean {
    if (record === -1 || this.#isExpired(record, this.#clock.nowMs())) return false;
    return this.#entries.number(record, VERSION) > versionOf(entry);
  }

  #takeOut(record: number, shard: number): Placed {
    if (record === -1) return 'refused';
    this.#raise(shard, this.#entries.number(record, VERSION));
    this.#entries.remove(record);
    return 'placed';
  }

  #raise(shard: number, version: number): void {
    if (this.#floors[shard]! < version) this.#floors[shard] = version;
  }
}
