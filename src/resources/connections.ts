import type { Slot } from '../sync/thread-table.ts';
import type { Awaitable } from '../sync/wait.ts';
import type { Call } from './call.ts';
import type { PageRequest } from './counters.ts';

/** Longest `meta` in bytes of JSON. */
export const MAX_META_BYTES = 1024;

/** Registrations that one cell takes in a millisecond are fewer, so the epochs of a later start are greater. */
export const EPOCHS_PER_MS = 1_000;

/** What a client says of a connection. */
export interface Registration {
  readonly room: string;
  /** `"room":…`, then `"user":…` and `"meta":…` where given: members of a JSON object, ready to be sent. */
  readonly details: string;
  /**
   * The thread whose WebSocket it is: it is gone from every answer once that thread is. Undefined for one that
   * lives by its heartbeats alone.
   */
  readonly holder: Slot | undefined;
}

/** A registered connection, as of one moment. */
export interface Connection extends Registration {
  readonly id: string;
  /** Greater than that of every earlier registration of the id, also across a time when it was not there. */
  readonly epoch: number;
  /** Wall-clock milliseconds. */
  readonly connectedAtMs: number;
  readonly lastSeenAtMs: number;
  readonly expiresAtMs: number;
}

/** A registration that is no more, and whose WebSocket it was. */
export type Former = Pick<Registration, 'holder'>;

export interface Registered {
  readonly connection: Connection;
  /** The registration of the same id that was there, if it had not expired. */
  readonly replaced: Former | undefined;
}

export interface ConnectionsRequest extends PageRequest {
  /** Only those of this room; all when undefined. */
  readonly room: string | undefined;
}

export interface ConnectionsPage {
  readonly connections: readonly Connection[];
  /** All there are, of the room or altogether, not only those of the page. */
  readonly total: number;
  /** Where the next page starts; undefined after the last. */
  readonly cursor: number | undefined;
}

export interface RoomSize {
  readonly room: string;
  /** At least 1: an empty room is not there. */
  readonly connections: number;
}

/**
 * Who is connected, and in which room. A connection that was not heard from for `CONNECTION_TTL_MS` is gone from every
 * answer, whether or not the sweep has reached it.
 *
 * An acknowledged registration is in the next lookup and listing; one that left is in none. With no write in flight
 * the totals, the rooms and the entries agree.
 */
export interface Connections {
  /**
   * Registers a connection, in place of one with the same id.
   *
   * @throws {CapacityError} it does not fit; nothing changed
   */
  register(id: string, registration: Registration, call: Call): Awaitable<Registered>;

  /**
   * Says that a connection is alive.
   *
   * @param epoch only if it is still this registration; any when undefined
   * @returns whether it is there
   */
  heartbeat(id: string, epoch: number | undefined, call: Call): Awaitable<boolean>;

  /** @returns the connection, undefined when there is none */
  find(id: string, call: Call): Awaitable<Connection | undefined>;

  /**
   * Takes a connection out.
   *
   * @param epochs only if it is still one of these registrations; any when `*`
   * @returns what was there, undefined when nothing was
   * @throws {PreconditionFailedError} it was replaced since; nothing changed
   */
  leave(id: string, epochs: readonly number[] | '*', call: Call): Awaitable<Former | undefined>;

  /** A page as one consistent cut. A connection present throughout a listing appears exactly once. */
  list(request: ConnectionsRequest, call: Call): Awaitable<ConnectionsPage>;

  /** Every room that somebody is in, in no order. */
  rooms(call: Call): Awaitable<readonly RoomSize[]>;

  /**
   * Takes out those that expired, or whose thread is gone, among the next `limit` records: a bounded time under a lock.
   *
   * @param cursor where the batch before ended; 0 for the first
   * @returns where to go on, 0 when the end was reached, and how many were taken out
   */
  sweep(limit: number, cursor: number, call: Call): Awaitable<{ readonly cursor: number; readonly swept: number }>;
}
