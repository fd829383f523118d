/**
 * A connection as it is kept in shared memory: one piece of bytes, made outside every critical section. Each registration
 * has its own, and with it a time of its own when it was last seen; that and the lease are the only parts that change.
 *
 * ```
 * float64 0–4   epoch, connected at, holder + 1 (1 is nobody), lease: last seen as the origin knows it, last seen at
 * byte 40       the details
 * ```
 *
 * Times are those of `Clock.nowMs`; where they leave the process, in answers and at the origin, they are wall-clock
 * milliseconds.
 */
import type { OriginValue } from '../origin/origin.ts';
import type { Connection, Registration } from '../resources/connections.ts';
import type { Slot } from '../sync/thread-table.ts';
import type { ConnectionEntries } from './connection-entries.ts';

export const EPOCH = 0;
export const CONNECTED_AT_MS = 1;
export const HOLDER = 2;
export const LEASED_AT_MS = 3;
export const LAST_SEEN_AT_MS = 4;
const NUMBERS = 5;
export const DETAILS = NUMBERS * 8;
/** In place of when it was last seen: it is gone, whatever anybody hears of it. */
export const SWEPT = -1;
/** Where the name begins in details that begin with the room. */
const ROOM = '"room":"'.length;

/** A registration as the origin keeps it, as JSON. */
export interface StoredConnection {
  readonly details: string;
  readonly epoch: number;
  readonly connectedAtMs: number;
  /** When it was last seen, as of the time it was stored: its lease. */
  readonly lastSeenAtMs: number;
  readonly holder: Slot | undefined;
}

/** What the origin has, if it is to be taken over: not what nobody renewed, nor a WebSocket, which ended with its process. */
export function isRestorable({ holder, lastSeenAtMs }: StoredConnection, ttlMs: number, wallMs: number): boolean {
  const leaseMs = (ttlMs * 4) / 3; // it is renewed every third of its time
  return holder === undefined && lastSeenAtMs + leaseMs >= wallMs;
}

export function storedConnection(value: OriginValue): StoredConnection {
  return JSON.parse(String(value)) as StoredConnection;
}

export function entryBytes({ details }: StoredConnection): number {
  return DETAILS + Buffer.byteLength(details);
}

/** @param lastSeenAtMs and the wall clock's offset: see `Clock` */
export function packConnection(stored: StoredConnection, lastSeenAtMs: number, wallOffsetMs: number): Buffer {
  const { details, epoch, connectedAtMs, holder } = stored;
  const entry = Buffer.allocUnsafeSlow(entryBytes(stored)); // at offset 0 of its own memory
  const numbers = new Float64Array(entry.buffer, 0, NUMBERS);
  numbers.set([epoch, connectedAtMs - wallOffsetMs, (holder ?? 0) + 1, lastSeenAtMs, lastSeenAtMs]);
  entry.write(details, DETAILS);
  return entry;
}

/** A moment at which connections are looked at, by both clocks. */
export interface Moment {
  readonly nowMs: number;
  readonly wallOffsetMs: number;
}

export function readConnection(
  entries: Pick<ConnectionEntries, 'text' | 'number'>,
  record: number,
  id: string,
  ttlMs: number,
  { nowMs, wallOffsetMs }: Moment,
): Connection {
  const details = entries.text(record, DETAILS);
  const seenAtMs = entries.number(record, LAST_SEEN_AT_MS);
  const lastSeenAtMs = wallOffsetMs + (seenAtMs === SWEPT ? nowMs - ttlMs : seenAtMs); // swept while it was looked at
  return {
    id,
    details,
    room: roomOf(details),
    epoch: entries.number(record, EPOCH),
    connectedAtMs: entries.number(record, CONNECTED_AT_MS) + wallOffsetMs,
    lastSeenAtMs,
    expiresAtMs: lastSeenAtMs + ttlMs,
    holder: holderOf(entries.number(record, HOLDER)),
  };
}

/** @param number as in an entry */
export function holderOf(number: number): Slot | undefined {
  return number > 1 ? number - 1 : undefined;
}

export function roomOf(details: Registration['details']): string {
  const end = details.indexOf('"', ROOM);
  const plain = details.slice(ROOM, end);
  if (end !== -1 && details.startsWith('"room":"') && !plain.includes('\\')) return plain; // listings ask often
  return (JSON.parse(`{${details}}`) as { readonly room: string }).room;
}
