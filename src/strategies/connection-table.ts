/**
 * The connection map in shared memory, the same for every strategy but the one without: entries by id, and for each
 * shard an index of the rooms of its connections. What differs between strategies is only who may call this when.
 *
 * Guarantee: one that expired, or whose thread is gone, is in no answer, whether or not the sweep has reached it. An
 * id keeps its record number while it is there, so a listing that goes by record numbers has it exactly once.
 * Cost: a page costs its own length; totals are counted while connections come and go.
 *
 * Every method runs under the lock of the id's shard, or as the only one who may.
 */
import { CapacityError, PreconditionFailedError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import type { OriginWrite, Written } from '../origin/origin.ts';
import type { Connection, Former, Registration } from '../resources/connections.ts';
import type { DirtyFlags } from '../sync/dirty-flags.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import {
  DETAILS,
  entryBytes,
  EPOCH,
  HOLDER,
  holderOf,
  isRestorable,
  LAST_SEEN_AT_MS,
  LEASED_AT_MS,
  type Moment,
  packConnection,
  readConnection,
  roomOf,
  storedConnection,
  type StoredConnection,
  SWEPT,
} from './connection-entry.ts';
import type { ConnectionEntries, Drafted, Heard } from './connection-entries.ts';
import type { Expiries } from './expiries.ts';
import type { RoomIndex } from './room-index.ts';

export interface ConnectionTableOptions {
  readonly capacity: number;
  readonly ttlMs: number;
  readonly threads: ThreadTable;
  readonly clock: Clock;
  /** Epochs are greater; see `CellContext`. */
  readonly firstEpoch: number;
  readonly expiries: Expiries;
  /** Set while a shard's rooms may differ from its entries; undefined where a half-done change is dropped as a whole. */
  readonly dirtyRooms?: DirtyFlags;
}

export class ConnectionTable {
  readonly entries: ConnectionEntries;
  readonly capacity: number;
  readonly #rooms: readonly RoomIndex[];
  readonly #options: ConnectionTableOptions;

  /** @param rooms an index for each shard */
  constructor(entries: ConnectionEntries, rooms: readonly RoomIndex[], options: ConnectionTableOptions) {
    this.entries = entries;
    this.capacity = options.capacity;
    this.#rooms = rooms;
    this.#options = options;
  }

  shardOf(id: string): number {
    return this.entries.shardOf(id);
  }

  roomsOf(shard: number): RoomIndex {
    return this.#rooms[shard]!;
  }

  /** Now, for a look at many. */
  moment(): Moment {
    const { clock } = this.#options;
    return { nowMs: clock.nowMs(), wallOffsetMs: clock.wallOffsetMs() };
  }

  get expiries(): Expiries {
    return this.#options.expiries;
  }

  get ttlMs(): number {
    return this.#options.ttlMs;
  }

  find(id: string): Connection | undefined {
    const record = this.#find(id);
    return record === -1 ? undefined : this.connectionAt(record, id);
  }

  /** Decides what a registration becomes, without changing the table. */
  draft(id: string, { details, holder }: Registration): Drafted {
    const replaced = this.#find(id);
    const version = this.nextVersion(id);
    const { nowMs, wallOffsetMs } = this.moment();
    const epoch = Math.max(this.#options.firstEpoch, this.expiries.restoredEpoch) + version;
    const wallMs = nowMs + wallOffsetMs;
    const stored: StoredConnection = { details, epoch, connectedAtMs: wallMs, lastSeenAtMs: wallMs, holder };
    return {
      written: { value: JSON.stringify(stored), version, heardAtMs: nowMs },
      replaced: replaced === -1 ? undefined : { holder: this.#holderOf(replaced) },
    };
  }

  nextVersion(id: string): number {
    return this.entries.nextSequence(this.shardOf(id));
  }

  /** For who cannot find out later: nothing may be written in between. @throws {CapacityError} it would not fit */
  assertFits(id: string, { value }: Written<string>): void {
    if (!this.entries.fits!(id, entryBytes(storedConnection(value)))) throw this.#full();
  }

  /**
   * Puts a drafted write into the table; an undefined value takes the connection out.
   *
   * @param written with when it was heard of, unless that is for the origin to say
   * @throws {CapacityError} it does not fit
   */
  commit(id: string, written: Written & Partial<Heard>): void {
    if (written.value === undefined) return this.#takeOut(this.entries.find(id));
    const stored = storedConnection(written.value);
    const { wallOffsetMs } = this.moment();
    const heardAtMs = written.heardAtMs ?? this.#heardAtMs(id, stored);
    if (!this.#put(id, roomOf(stored.details), packConnection(stored, heardAtMs, wallOffsetMs))) throw this.#full();
  }

  /** Drafts and commits in one step. */
  register(id: string, registration: Registration): Drafted & { readonly connection: Connection } {
    const drafted = this.draft(id, registration);
    this.commit(id, drafted.written);
    return { ...drafted, connection: this.connectionAt(this.entries.find(id), id) };
  }

  /**
   * Exchanges when it was last seen, and the sweep does as well: of the two at the same time one fails, also where a
   * heartbeat takes no lock.
   *
   * @returns whether it is there
   */
  heartbeat(id: string, epoch: number | undefined): boolean {
    for (;;) {
      const record = this.entries.find(id);
      const nowMs = this.#options.clock.nowMs();
      if (record === -1 || !this.isThere(record, nowMs)) return false;
      if (epoch !== undefined && this.entries.number(record, EPOCH) !== epoch) return false;
      const seenAtMs = this.entries.number(record, LAST_SEEN_AT_MS);
      if (seenAtMs === SWEPT) return false;
      if (seenAtMs >= nowMs) return true; // another thread was a moment ahead
      if (this.entries.exchangeNumber(record, LAST_SEEN_AT_MS, seenAtMs, nowMs)) return true;
    }
  }

  /**
   * @returns the deletion's version, and what would leave; undefined when there is nothing
   * @throws {PreconditionFailedError} it was replaced since
   */
  draftLeave(id: string, epochs: readonly number[] | '*'): { written: Written<undefined>; former: Former } | undefined {
    const record = this.#find(id);
    if (record === -1) return undefined;
    const epoch = this.entries.number(record, EPOCH);
    if (epochs !== '*' && !epochs.includes(epoch)) throw new PreconditionFailedError(epochs, epoch);
    return {
      written: { value: undefined, version: this.nextVersion(id) },
      former: { holder: this.#holderOf(record) },
    };
  }

  leave(id: string, epochs: readonly number[] | '*') {
    const drafted = this.draftLeave(id, epochs);
    if (drafted !== undefined) this.commit(id, drafted.written);
    return drafted;
  }

  /**
   * What the sweep does to a record under its shard's lock: one that is gone is taken out, unless it was heard of just
   * now; a lease at the origin that is old is renewed, in place, since there may be no room for another entry.
   *
   * @returns what is to be stored at the origin
   */
  tidy(record: number, shard: number, renews: boolean): OriginWrite | undefined {
    const key = this.entries.keyOf(record, shard);
    if (key === undefined) return undefined;
    if (this.isThere(record)) return renews && this.isLeaseOld(record) ? this.#renew(record, key) : undefined;
    const seenAtMs = this.entries.number(record, LAST_SEEN_AT_MS);
    const isOver = seenAtMs === SWEPT || !this.isWhole(record);
    if (!isOver && !this.entries.exchangeNumber(record, LAST_SEEN_AT_MS, seenAtMs, SWEPT)) return undefined;
    const version = this.nextVersion(key);
    this.#takeOut(record);
    return { key, value: undefined, version };
  }

  /** Whether a connection was heard of so long after it was stored that the origin should know. */
  isLeaseOld(record: number): boolean {
    if (this.#holderOf(record) !== undefined) return false; // no WebSocket outlives its process
    const { entries } = this;
    return entries.number(record, LAST_SEEN_AT_MS) - entries.number(record, LEASED_AT_MS) >= this.#options.ttlMs / 3;
  }

  #renew(record: number, key: string): OriginWrite {
    const { details, epoch, connectedAtMs, lastSeenAtMs, holder } = this.connectionAt(record, key);
    const stored: StoredConnection = { details, epoch, connectedAtMs, lastSeenAtMs, holder };
    const version = this.nextVersion(key);
    this.entries.setNumber(record, LEASED_AT_MS, this.entries.number(record, LAST_SEEN_AT_MS));
    return { key, value: JSON.stringify(stored), version };
  }

  /** Takes over what the origin has: not what nobody renewed, nor a WebSocket, which ended with its process. */
  restore(id: string, { value, version }: Written): void {
    if (value === undefined) return;
    const stored = storedConnection(value);
    const { nowMs, wallOffsetMs } = this.moment();
    this.expiries.restoredEpoch = Math.max(this.expiries.restoredEpoch, stored.epoch);
    if (!isRestorable(stored, this.#options.ttlMs, nowMs + wallOffsetMs)) return;
    this.commit(id, { value, version, heardAtMs: nowMs });
  }

  /** Whether the connection of a record in use was heard of in time, and its thread lives. */
  isThere(record: number, nowMs = this.#options.clock.nowMs()): boolean {
    const seenAtMs = this.entries.number(record, LAST_SEEN_AT_MS);
    if (seenAtMs === SWEPT || nowMs - seenAtMs >= this.#options.ttlMs) return false;
    const number = this.entries.number(record, HOLDER);
    if (number === 0) return false; // a thread that died left a record without an entry
    const holder = holderOf(number);
    return holder === undefined || this.#options.threads.livingAt(ThreadTable.positionOf(holder)) === holder;
  }

  /** Whether a record is one of a shard, and of a room if one is given, that is gone and not taken out. */
  isGoneFrom(record: number, shard: number, room: string | undefined, nowMs: number): boolean {
    if (this.entries.shardAt(record) !== shard || this.isThere(record, nowMs)) return false;
    return room === undefined || (this.isWhole(record) && this.roomAt(record) === room);
  }

  /** From when on it is gone, if nobody hears of it. */
  expiresAtMs(record: number): number {
    return this.entries.number(record, LAST_SEEN_AT_MS) + this.#options.ttlMs;
  }

  connectionAt(record: number, id: string, moment = this.moment()): Connection {
    return readConnection(this.entries, record, id, this.#options.ttlMs, moment);
  }

  roomAt(record: number): string {
    return roomOf(this.entries.text(record, DETAILS));
  }

  /** Makes the rooms of a shard anew, if a change of them was left half-done: it looks at every record. */
  repair(shard: number): void {
    const { dirtyRooms } = this.#options;
    if (dirtyRooms === undefined || !dirtyRooms.isSet(shard)) return;
    const rooms = this.roomsOf(shard);
    rooms.clear();
    for (let record = 0; record < this.entries.end; record++) {
      const isOurs = this.entries.shardAt(record) === shard && this.isWhole(record);
      if (isOurs) rooms.add(this.roomAt(record), record);
    }
    dirtyRooms.clear(shard);
  }

  /** @returns false, and nothing changed, when there is no room */
  #put(id: string, room: string, entry: Uint8Array): boolean {
    const shard = this.shardOf(id);
    const found = this.entries.find(id);
    const before = found === -1 ? undefined : this.roomAt(found);
    if (room === before) return this.entries.write(id, entry);
    return this.#changingRooms(shard, (rooms) => {
      if (!this.entries.write(id, entry)) return false;
      if (before !== undefined) rooms.remove(before, found);
      rooms.add(room, this.entries.find(id));
      return true;
    });
  }

  /** Runs a change of a shard's rooms together with that of its entries. */
  #changingRooms<T>(shard: number, change: (rooms: RoomIndex) => T): T {
    const { dirtyRooms } = this.#options;
    const rooms = this.roomsOf(shard);
    if (dirtyRooms === undefined) return change(rooms);
    this.repair(shard); // an earlier change may have thrown where nobody repairs for it
    return dirtyRooms.during(shard, () => change(rooms));
  }

  /**
   * When a write was heard of that the origin tells of: one that memory has as well keeps its own time, since a store
   * that was in doubt is no sign of life.
   */
  #heardAtMs(id: string, { epoch, lastSeenAtMs }: StoredConnection): number {
    const record = this.entries.find(id);
    if (record !== -1 && this.entries.number(record, EPOCH) === epoch) {
      return this.entries.number(record, LAST_SEEN_AT_MS);
    }
    const { nowMs, wallOffsetMs } = this.moment();
    return Math.min(nowMs, lastSeenAtMs - wallOffsetMs);
  }

  #find(id: string): number {
    const record = this.entries.find(id);
    return record === -1 || !this.isThere(record) ? -1 : record;
  }

  #takeOut(record: number): void {
    if (record === -1) return;
    this.#changingRooms(this.entries.shardAt(record), (rooms) => {
      if (this.isWhole(record)) rooms.remove(this.roomAt(record), record);
      this.entries.remove(record);
    });
  }

  /** Whether a record has an entry: a thread that died may have left one without. */
  isWhole(record: number): boolean {
    return this.entries.number(record, EPOCH) !== 0;
  }

  #holderOf(record: number): number | undefined {
    return holderOf(this.entries.number(record, HOLDER));
  }

  #full(): CapacityError {
    return new CapacityError('connections', this.#options.capacity);
  }
}
