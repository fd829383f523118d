/** Connections in plain `Map`s; the rules are those of `ConnectionTable`. */
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
import { roomOf, type StoredConnection } from '../connection-entry.ts';

interface Kept {
  readonly id: string;
  /** Of the first registration of the id: what a listing goes by. */
  readonly serial: number;
  registration: Registration;
  epoch: number;
  connectedAtMs: number;
  lastSeenAtMs: number;
  storedAtMs: number;
}

export class ConnectionMap {
  /** Keeps insertion order, so serials only grow. */
  readonly #byId = new Map<string, Kept>();
  readonly #byRoom = new Map<string, Set<Kept>>();
  readonly #capacity: number;
  readonly #ttlMs: number;
  #serial = 0;

  constructor(capacity: number, ttlMs: number) {
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
  }

  register(id: string, registration: Registration, epoch: number): Registered {
    const replaced = this.#find(id)?.registration;
    const nowMs = Date.now();
    this.#place(id, { registration, epoch, connectedAtMs: nowMs, lastSeenAtMs: nowMs, storedAtMs: nowMs });
    return { connection: this.find(id)!, replaced: replaced && { holder: replaced.holder } };
  }

  heartbeat(id: string, epoch: number | undefined): boolean {
    const kept = this.#find(id);
    if (kept === undefined || (epoch !== undefined && kept.epoch !== epoch)) return false;
    kept.lastSeenAtMs = Date.now();
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
    const members = room === undefined ? this.#byId.values() : (this.#byRoom.get(room) ?? []);
    const there = Array.from(members).filter((kept) => this.#isThere(kept));
    const ahead = there.filter(({ serial }) => serial >= cursor).sort((a, b) => a.serial - b.serial);
    const connections = ahead.slice(0, limit).map((kept) => this.#connection(kept));
    return { connections, total: there.length, cursor: ahead[limit]?.serial };
  }

  rooms(): RoomSize[] {
    return Array.from(this.#byRoom, ([room, members]) => {
      return { room, connections: Array.from(members).filter((kept) => this.#isThere(kept)).length };
    }).filter(({ connections }) => connections > 0);
  }

  /** Takes out what is gone among the next `limit`. @returns their ids, those whose lease is old, and where to go on */
  sweep(limit: number, cursor: number): { gone: string[]; old: string[]; next: number } {
    const gone: string[] = [];
    const old: string[] = [];
    let seen = 0;
    for (const kept of this.#byId.values()) {
      if (kept.serial < cursor) continue;
      if (seen++ === limit) return { gone, old, next: kept.serial };
      if (!this.#isThere(kept)) {
        this.#remove(kept);
        gone.push(kept.id);
      } else if (this.#isLeaseOld(kept)) {
        kept.storedAtMs = kept.lastSeenAtMs;
        old.push(kept.id);
      }
    }
    return { gone, old, next: 0 };
  }

  /** As the origin keeps it; undefined when it is not there. */
  stored(id: string): StoredConnection | undefined {
    const kept = this.#byId.get(id);
    if (kept === undefined) return undefined;
    const { registration, epoch, connectedAtMs, lastSeenAtMs } = kept;
    return { details: registration.details, epoch, connectedAtMs, lastSeenAtMs, holder: registration.holder };
  }

  restore(id: string, { details, epoch, connectedAtMs, holder }: StoredConnection): void {
    const nowMs = Date.now();
    const registration = { room: roomOf(details), details, holder };
    this.#place(id, { registration, epoch, connectedAtMs, lastSeenAtMs: nowMs, storedAtMs: nowMs });
  }

  #place(id: string, given: Omit<Kept, 'id' | 'serial'>): void {
    const before = this.#byId.get(id);
    if (before === undefined && this.#byId.size >= this.#capacity && !this.#reclaim()) {
      throw new CapacityError('connections', this.#capacity);
    }
    const kept = before ?? { id, serial: this.#serial++, ...given };
    this.#leaveRoom(kept);
    this.#byId.set(id, Object.assign(kept, given));
    const { room } = given.registration;
    const members = this.#byRoom.get(room);
    if (members === undefined) this.#byRoom.set(room, new Set([kept]));
    else members.add(kept);
  }

  /** Takes out one that is gone and that the sweep has not reached. @returns whether there was one */
  #reclaim(): boolean {
    for (const kept of this.#byId.values()) {
      if (this.#isThere(kept)) continue;
      this.#remove(kept);
      return true;
    }
    return false;
  }

  #remove(kept: Kept): void {
    this.#leaveRoom(kept);
    this.#byId.delete(kept.id);
  }

  #leaveRoom(kept: Kept): void {
    const { room } = kept.registration;
    const members = this.#byRoom.get(room);
    if (members?.delete(kept) && members.size === 0) this.#byRoom.delete(room);
  }

  #find(id: string): Kept | undefined {
    const kept = this.#byId.get(id);
    return kept !== undefined && this.#isThere(kept) ? kept : undefined;
  }

  #isLeaseOld({ registration, lastSeenAtMs, storedAtMs }: Kept): boolean {
    if (registration.holder !== undefined) return false; // no WebSocket outlives its process
    return lastSeenAtMs - storedAtMs >= this.#ttlMs / 3;
  }

  /** The threads of others' WebSockets need no look: there are no others. */
  #isThere({ lastSeenAtMs }: Kept): boolean {
    return Date.now() - lastSeenAtMs < this.#ttlMs;
  }

  #connection({ id, registration, epoch, connectedAtMs, lastSeenAtMs }: Kept): Connection {
    return { id, ...registration, epoch, connectedAtMs, lastSeenAtMs, expiresAtMs: lastSeenAtMs + this.#ttlMs };
  }
}
