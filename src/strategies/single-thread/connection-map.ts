/** Connections in plain `Map`s; the rules are those of `ConnectionTable`. */
import type { Clock } from '../../clock.ts';
import { CapacityError, PreconditionFailedError } from '../../errors.ts';
import type {
  Connection,
  ConnectionsPage,
  ConnectionsRequest,
  Former,
  Registered,
  Registration,
  RoomSize,
} from '../../resources/connections.ts';
import { isRestorable, roomOf, type StoredConnection } from '../connection-entry.ts';
import { InOrder } from './in-order.ts';

interface Kept {
  readonly id: string;
  /** What a listing goes by: since the id is there, and since it is in its room. */
  serial: number;
  serialInRoom: number;
  registration: Registration;
  epoch: number;
  connectedAtMs: number;
  lastSeenAtMs: number;
  /** When it was last seen, as the origin knows it. */
  leasedAtMs: number;
}

export class ConnectionMap {
  readonly #byId = new Map<string, Kept>();
  readonly #inOrder = new InOrder<Kept>();
  readonly #byRoom = new Map<string, InOrder<Kept>>();
  /** Whoever is heard of goes to the end, so the first are those that expire first. */
  readonly #byAge = new Set<Kept>();
  readonly #capacity: number;
  readonly #ttlMs: number;
  readonly #clock: Clock;

  constructor(capacity: number, ttlMs: number, clock: Clock) {
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  register(id: string, registration: Registration, epoch: number): Registered {
    const replaced = this.#find(id)?.registration;
    const nowMs = this.#clock.nowMs();
    this.#place(id, { registration, epoch, connectedAtMs: nowMs, lastSeenAtMs: nowMs, leasedAtMs: nowMs });
    return { connection: this.find(id)!, replaced: replaced && { holder: replaced.holder } };
  }

  heartbeat(id: string, epoch: number | undefined): boolean {
    const kept = this.#find(id);
    if (kept === undefined || (epoch !== undefined && kept.epoch !== epoch)) return false;
    kept.lastSeenAtMs = this.#clock.nowMs();
    this.#byAge.delete(kept);
    this.#byAge.add(kept);
    return true;
  }

  find(id: string): Connection | undefined {
    const kept = this.#find(id);
    return kept && this.#connection(kept);
  }

  leave(id: string, epochs: readonly number[] | '*'): Former | undefined {
    const kept = this.#find(id);
    if (kept === undefined) return undefined;
    if (epochs !== '*' && !epochs.includes(kept.epoch)) throw new PreconditionFailedError(epochs, kept.epoch);
    this.#remove(kept);
    return { holder: kept.registration.holder };
  }

  list({ room, limit, cursor }: ConnectionsRequest): ConnectionsPage {
    const members = room === undefined ? this.#inOrder : this.#byRoom.get(room);
    if (members === undefined) return { connections: [], total: 0, cursor: undefined };
    const ahead = members
      .from(cursor)
      .filter(([, kept]) => this.#isThere(kept))
      .take(limit + 1)
      .toArray();
    const connections = ahead.slice(0, limit).map(([, kept]) => this.#connection(kept));
    const gone = this.#gone().filter(({ registration }) => room === undefined || registration.room === room);
    return { connections, total: members.size - gone.length, cursor: ahead[limit]?.[0] };
  }

  rooms(): RoomSize[] {
    const sizes = new Map(Array.from(this.#byRoom, ([room, members]) => [room, members.size]));
    for (const { registration } of this.#gone()) sizes.set(registration.room, sizes.get(registration.room)! - 1);
    return Array.from(sizes, ([room, connections]) => ({ room, connections })).filter((size) => size.connections > 0);
  }

  /** Takes out what is gone among the next `limit`. @returns their ids, those whose lease is old, and where to go on */
  sweep(limit: number, cursor: number): { gone: string[]; old: string[]; next: number } {
    const gone: string[] = [];
    const old: string[] = [];
    const batch = this.#inOrder
      .from(cursor)
      .take(limit + 1)
      .toArray();
    for (const [, kept] of batch.slice(0, limit)) {
      if (!this.#isThere(kept)) {
        this.#remove(kept);
        gone.push(kept.id);
      } else if (this.#isLeaseOld(kept)) {
        kept.leasedAtMs = kept.lastSeenAtMs;
        old.push(kept.id);
      }
    }
    return { gone, old, next: batch[limit]?.[0] ?? 0 };
  }

  /** As the origin keeps it; undefined when it is not there. */
  stored(id: string): StoredConnection | undefined {
    const kept = this.#byId.get(id);
    if (kept === undefined) return undefined;
    const { epoch, connectedAtMs, lastSeenAtMs, holder, details } = this.#connection(kept);
    return { details, epoch, connectedAtMs, lastSeenAtMs, holder };
  }

  restore(id: string, stored: StoredConnection): void {
    const [nowMs, wallOffsetMs] = [this.#clock.nowMs(), this.#clock.wallOffsetMs()];
    if (!isRestorable(stored, this.#ttlMs, nowMs + wallOffsetMs)) return;
    const { details, epoch, holder } = stored;
    const registration = { room: roomOf(details), details, holder };
    const connectedAtMs = stored.connectedAtMs - wallOffsetMs;
    this.#place(id, { registration, epoch, connectedAtMs, lastSeenAtMs: nowMs, leasedAtMs: nowMs });
  }

  #place(id: string, given: Omit<Kept, 'id' | 'serial' | 'serialInRoom'>): void {
    const before = this.#byId.get(id);
    if (before === undefined && this.#byId.size >= this.#capacity && !this.#reclaim()) {
      throw new CapacityError('connections', this.#capacity);
    }
    const kept: Kept = before ?? { id, serial: -1, serialInRoom: -1, ...given };
    const { room } = given.registration;
    const stays = before?.registration.room === room;
    if (before === undefined) kept.serial = this.#inOrder.add(kept);
    else if (!stays) this.#leaveRoom(kept);
    this.#byId.set(id, Object.assign(kept, given));
    this.#byAge.delete(kept);
    this.#byAge.add(kept);
    if (stays) return;
    const members = this.#byRoom.get(room) ?? new InOrder<Kept>();
    this.#byRoom.set(room, members);
    kept.serialInRoom = members.add(kept);
  }

  /** Takes out one that is gone and that the sweep has not reached. @returns whether there was one */
  #reclaim(): boolean {
    const [oldest] = this.#byAge;
    if (oldest === undefined || this.#isThere(oldest)) return false;
    this.#remove(oldest);
    return true;
  }

  #remove(kept: Kept): void {
    this.#leaveRoom(kept);
    this.#byId.delete(kept.id);
    this.#inOrder.remove(kept.serial);
    this.#byAge.delete(kept);
  }

  #leaveRoom(kept: Kept): void {
    const { room } = kept.registration;
    const members = this.#byRoom.get(room)!;
    members.remove(kept.serialInRoom);
    if (members.size === 0) this.#byRoom.delete(room);
  }

  /** Those that expired and that the sweep has not reached. */
  #gone(): Kept[] {
    const gone: Kept[] = [];
    for (const kept of this.#byAge) {
      if (this.#isThere(kept)) break; // so are all that were heard of later
      gone.push(kept);
    }
    return gone;
  }

  #find(id: string): Kept | undefined {
    const kept = this.#byId.get(id);
    return kept !== undefined && this.#isThere(kept) ? kept : undefined;
  }

  #isLeaseOld({ registration, lastSeenAtMs, leasedAtMs }: Kept): boolean {
    if (registration.holder !== undefined) return false; // no WebSocket outlives its process
    return lastSeenAtMs - leasedAtMs >= this.#ttlMs / 3;
  }

  /** The threads of others' WebSockets need no look: there are no others. */
  #isThere({ lastSeenAtMs }: Kept): boolean {
    return this.#clock.nowMs() - lastSeenAtMs < this.#ttlMs;
  }

  #connection({ id, registration, epoch, ...kept }: Kept): Connection {
    const wallOffsetMs = this.#clock.wallOffsetMs();
    const lastSeenAtMs = kept.lastSeenAtMs + wallOffsetMs;
    const connectedAtMs = kept.connectedAtMs + wallOffsetMs;
    return { id, ...registration, epoch, connectedAtMs, lastSeenAtMs, expiresAtMs: lastSeenAtMs + this.#ttlMs };
  }
}
