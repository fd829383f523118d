/**
 * The connection map in shared memory, the same for every strategy but the one without: entries by id, and for each
 * shard an index of the rooms of its connections. What differs between strategies is only who may call this when.
 *
 * Guarantee: one that expired, or whose thread is gone, is in no answer, whether or not the sweep has reached it. An
 * id keeps its record number while it is there, so a listing that goes by record numbers has it exactly once.
 * Cost: a listing looks at every connection of its room, or at all there are, for the total.
 *
 * Every method runs under the lock of the id's shard, or as the only one who may.
 */
import { CapacityError, PreconditionFailedError } from '../errors.ts';
import type { Written } from '../origin/origin.ts';
import type { Connection, Former, Registration } from '../resources/connections.ts';
import type { DirtyFlags } from '../sync/dirty-flags.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import {
  DETAILS,
  EPOCH,
  HOLDER,
  holderOf,
  packConnection,
  readConnection,
  restorable,
  roomOf,
  type StoredConnection,
  STORED_AT_MS,
} from './connection-entry.ts';
import type { ConnectionEntries, Drafted } from './connection-entries.ts';
import { ageMs, SWEPT, wordOf } from './last-seen.ts';
import type { RoomIndex } from './room-index.ts';

/** A shard gives fewer versions than these in a millisecond, so the epochs of a later start of the service are greater. */
const EPOCHS_PER_MS = 1_000;

export interface ConnectionTableOptions {
  readonly capacity: number;
  readonly ttlMs: number;
  readonly threads: ThreadTable;
  /** When the service started. */
  readonly startedAtMs: number;
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

  find(id: string): Connection | undefined {
    const record = this.#find(id);
    return record === -1 ? undefined : this.connectionAt(record, id);
  }

  /** Decides what a registration becomes, without changing the table. */
  draft(id: string, { details, holder }: Registration): Drafted {
    const replaced = this.#find(id);
    const version = this.nextVersion(id);
    const nowMs = Date.now();
    const epoch = this.#options.startedAtMs * EPOCHS_PER_MS + version;
    const stored: StoredConnection = { details, epoch, connectedAtMs: nowMs, lastSeenAtMs: nowMs, holder };
    return {
      written: { value: JSON.stringify(stored), version },
      replaced: replaced === -1 ? undefined : { holder: this.#holderOf(replaced) },
    };
  }

  nextVersion(id: string): number {
    return this.entries.nextSequence(this.shardOf(id));
  }

  /** For who cannot find out later: nothing may be written in between. @throws {CapacityError} it would not fit */
  assertFits(id: string, { value, version }: Written<string>): void {
    const { byteLength } = packConnection(JSON.parse(value) as StoredConnection, version);
    if (!this.entries.fits!(id, byteLength)) throw this.#full();
  }

  /**
   * Puts a drafted write into the table; an undefined value takes the connection out.
   *
   * @param keepsTime leaves alone when it was last seen
   * @throws {CapacityError} it does not fit
   */
  commit(id: string, { value, version }: Written, keepsTime = false): void {
    if (value === undefined) return this.#takeOut(this.entries.find(id));
    const stored = JSON.parse(String(value)) as StoredConnection;
    const entry = packConnection(stored, version);
    const seenAtMs = keepsTime ? undefined : wordOf(stored.lastSeenAtMs);
    if (!this.#put(id, roomOf(stored.details), entry, seenAtMs)) throw this.#full();
  }

  /** Drafts and commits in one step. */
  register(id: string, registration: Registration): Drafted & { readonly connection: Connection } {
    const drafted = this.draft(id, registration);
    this.commit(id, drafted.written);
    return { ...drafted, connection: this.connectionAt(this.entries.find(id), id) };
  }

  /** @returns whether it is there */
  heartbeat(id: string, epoch: number | undefined): boolean {
    for (;;) {
      const record = this.#find(id);
      if (record === -1 || (epoch !== undefined && this.entries.number(record, EPOCH) !== epoch)) return false;
      const seenAtMs = this.entries.usedAtMs(record);
      if (seenAtMs === SWEPT) return false;
      if (this.entries.exchangeUsedAt(record, seenAtMs, wordOf(Date.now()))) return true;
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

  /** Takes out a record that is gone, unless it was heard of just now. @returns the version of its deletion */
  sweep(record: number, id: string): Written<undefined> | undefined {
    const seenAtMs = this.entries.usedAtMs(record);
    if (seenAtMs !== SWEPT && this.isThere(record)) return undefined;
    if (seenAtMs !== SWEPT && !this.entries.exchangeUsedAt(record, seenAtMs, SWEPT)) return undefined;
    this.#takeOut(record);
    return { value: undefined, version: this.nextVersion(id) };
  }

  /** Whether a connection was heard of so long after it was stored that the origin should know. */
  isLeaseOld(record: number): boolean {
    if (this.#holderOf(record) !== undefined) return false; // no WebSocket outlives its process
    return this.lastSeenAtMs(record) - this.entries.number(record, STORED_AT_MS) >= this.#options.ttlMs / 3;
  }

  /** Extends the lease at the origin, if it is old. @returns what to store there */
  renew(record: number, id: string): Written<string> | undefined {
    if (!this.isThere(record) || !this.isLeaseOld(record)) return undefined;
    const { details, epoch, connectedAtMs, lastSeenAtMs, holder } = this.connectionAt(record, id);
    const stored: StoredConnection = { details, epoch, connectedAtMs, lastSeenAtMs, holder };
    const written = { value: JSON.stringify(stored), version: this.nextVersion(id) };
    this.commit(id, written, true); // a heartbeat may take no lock
    return written;
  }

  /** Takes over what the origin has: not what nobody renewed, nor a WebSocket, which ended with its process. */
  restore(id: string, { value, version }: Written): void {
    const stored = restorable(value, this.#options.ttlMs);
    if (stored === undefined) return;
    this.commit(id, { value: JSON.stringify({ ...stored, lastSeenAtMs: Date.now() }), version });
  }

  /** Whether the connection of a record in use was heard of in time, and its thread lives. */
  isThere(record: number, nowMs?: number): boolean {
    const seenAtMs = this.entries.usedAtMs(record);
    if (seenAtMs === SWEPT || ageMs(seenAtMs, nowMs) >= this.#options.ttlMs) return false;
    const number = this.entries.number(record, HOLDER);
    if (number === 0) return false; // a thread that died left a record without an entry
    const holder = holderOf(number);
    return holder === undefined || this.#options.threads.livingAt(ThreadTable.positionOf(holder)) === holder;
  }

  connectionAt(record: number, id: string, nowMs?: number): Connection {
    return readConnection(this.entries, record, id, this.lastSeenAtMs(record, nowMs), this.#options.ttlMs);
  }

  lastSeenAtMs(record: number, nowMs = Date.now()): number {
    const seenAtMs = this.entries.usedAtMs(record);
    return nowMs - (seenAtMs === SWEPT ? this.#options.ttlMs : ageMs(seenAtMs, nowMs)); // swept while it was looked at
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
      const isOurs = this.entries.shardAt(record) === shard && this.#isWhole(record);
      if (isOurs) rooms.add(this.roomAt(record), record);
    }
    dirtyRooms.clear(shard);
  }

  /** @returns false, and nothing changed, when there is no room */
  #put(id: string, room: string, entry: Uint8Array, seenAtMs: number | undefined): boolean {
    const shard = this.shardOf(id);
    const found = this.entries.find(id);
    const before = found === -1 ? undefined : this.roomAt(found);
    if (room === before) return this.entries.write(id, entry, seenAtMs);
    return this.#changingRooms(shard, (rooms) => {
      if (!this.entries.write(id, entry, seenAtMs)) return false;
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

  #find(id: string): number {
    const record = this.entries.find(id);
    return record === -1 || !this.isThere(record) ? -1 : record;
  }

  #takeOut(record: number): void {
    if (record === -1) return;
    this.#changingRooms(this.entries.shardAt(record), (rooms) => {
      if (this.#isWhole(record)) rooms.remove(this.roomAt(record), record);
      this.entries.remove(record);
    });
  }

  /** Whether a record has an entry: a thread that died may have left one without. */
  #isWhole(record: number): boolean {
    return this.entries.number(record, EPOCH) !== 0;
  }

  #holderOf(record: number): number | undefined {
    return holderOf(this.entries.number(record, HOLDER));
  }

  #full(): CapacityError {
    return new CapacityError('connections', this.#options.capacity);
  }
}
