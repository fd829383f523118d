/** Connections as they are sent. */
import type { Connection, ConnectionsPage } from '../resources/connections.ts';
import type { Steps } from '../sync/steps.ts';

/** Connections that are written in one step. */
const WRITTEN = 32;

export function connectionText(
  { id, details, epoch, connectedAtMs, lastSeenAtMs, expiresAtMs }: Connection,
  iso: (atMs: number) => string = isoOf,
): string {
  const times = `"connectedAt":"${iso(connectedAtMs)}","lastSeenAt":"${iso(lastSeenAtMs)}","expiresAt":"${iso(expiresAtMs)}"`;
  return `{"id":${JSON.stringify(id)},${details},"epoch":${epoch},${times}}`;
}

/** A page of a listing as JSON. It is encoded bit by bit: a long text takes as long to encode as to make. */
export function* pageBytes(
  { connections, total, cursor }: ConnectionsPage,
  room: string | undefined,
): Steps<Buffer<ArrayBuffer>> {
  const iso = isoTimes();
  const bytes = [Buffer.from(`{${room === undefined ? '' : `"room":${JSON.stringify(room)},`}"connections":[`)];
  for (let at = 0; at < connections.length; at += WRITTEN) {
    const texts = connections.slice(at, at + WRITTEN).map((connection) => connectionText(connection, iso));
    bytes.push(Buffer.from(`${at === 0 ? '' : ','}${texts.join(',')}`));
    yield;
  }
  bytes.push(Buffer.from(`],"total":${total}${cursor === undefined ? '' : `,"cursor":"${cursor}"`}}`));
  return Buffer.concat(bytes);
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The same for many times: those of one second differ in three digits. */
function isoTimes(): (atMs: number) => string {
  const upToSecond = new Map<number, string>();
  return (atMs) => {
    const second = Math.floor(atMs / 1000);
    let text = upToSecond.get(second);
    if (text === undefined) upToSecond.set(second, (text = isoOf(second * 1000).slice(0, -4)));
    return `${text}${String(atMs - second * 1000).padStart(3, '0')}Z`;
  };
}
