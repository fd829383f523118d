/**
 * A connection as it is kept in shared memory: one piece of bytes, made outside every critical section. When it was
 * last seen is kept beside it, since that changes far more often.
 *
 * ```
 * float64 0–4   version, epoch, connected at, holder + 1 (1 is nobody), stored at the origin at (milliseconds)
 * byte 40       the details
 * ```
 */
import type { OriginValue } from '../origin/origin.ts';
import type { Connection, Registration } from '../resources/connections.ts';
import type { Slot } from '../sync/thread-table.ts';
import type { ConnectionEntries } from './connection-entries.ts';

export const VERSION = 0;
export const EPOCH = 1;
export const CONNECTED_AT_MS = 2;
export const HOLDER = 3;
export const STORED_AT_MS = 4;
const NUMBERS = 5;
export const DETAILS = NUMBERS * 8;
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
export function restorable(value: OriginValue, ttlMs: number): StoredConnection | undefined {
  if (value === undefined) return undefined;
  const stored = JSON.parse(String(value)) as StoredConnection;
  const leaseMs = (ttlMs * 4) / 3; // it is renewed every third of its time
  return stored.holder !== undefined || stored.lastSeenAtMs + leaseMs < Date.now() ? undefined : stored;
}

export function packConnection(stored: StoredConnection, version: number): Buffer {
  const { details, epoch, connectedAtMs, lastSeenAtMs, holder } = stored;
  const entry = Buffer.allocUnsafeSlow(DETAILS + Buffer.byteLength(details)); // at offset 0 of its own memory
  new Float64Array(entry.buffer, 0, NUMBERS).set([version, epoch, connectedAtMs, (holder ?? 0) + 1, lastSeenAtMs]);
  entry.write(details, DETAILS);
  return entry;
}

/** @param lastSeenAtMs is kept beside the entry */
export function readConnection(
  entries: Pick<ConnectionEntries, 'text' | 'number'>,
  record: number,
  id: string,
  lastSeenAtMs: number,
  ttlMs: number,
): Connection {
  const details = entries.text(record, DETAILS);
  return {
    id,
    details,
    room: roomOf(details),
    epoch: entries.number(record, EPOCH),
    connectedAtMs: entries.number(record, CONNECTED_AT_MS),
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
