/** `/v1/{strategy}/connections`: parse, call, reply. Knows no strategy by name. */
import type { Hono } from 'hono';
import { NotFoundError } from '../../errors.ts';
import type { Connection, Connections } from '../../resources/connections.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { bodyText, parseJson } from '../body.ts';
import { etagOf, versionsOf } from '../etags.ts';
import { exchange, whenReady, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';
import { keyInPath, nameInQuery, pageRequest } from '../path.ts';
import { inSlices, type Steps } from '../../steps.ts';
import { checked, connectionBody } from '../schemas.ts';

/** Segments of `/v1/{strategy}/connections/{id}`, the empty one before the first slash included. */
const ID = 4;

export interface ConnectionsAndRooms {
  readonly connections: Connections;
  readonly rooms: Rooms;
}

/** @param base `/v1/{strategy}` */
export function connectionsRoutes(
  app: Hono<HttpEnvironment>,
  base: string,
  { connections, rooms }: ConnectionsAndRooms,
  options: ExchangeOptions,
): void {
  app.put(`${base}/connections/:id`, (context) =>
    exchange(context, options, async (call) => {
      const id = keyInPath(context, ID, 'id');
      const text = await bodyText(context, call);
      const body = checked(connectionBody, text === undefined ? undefined : parseJson(text));
      const registration = { room: body.room, details: detailsOf(body), holder: undefined };
      const { connection, replaced } = await connections.register(id, registration, call);
      if (replaced !== undefined) rooms.closeFormer(id, replaced);
      return call.json(textOf(connection), replaced ? 200 : 201, { etag: etagOf(connection.epoch) });
    }),
  );

  app.post(`${base}/connections/:id/heartbeat`, (context) =>
    exchange(context, options, (call) => {
      const id = keyInPath(context, ID, 'id');
      return whenReady(connections.heartbeat(id, undefined, call), (isThere) => {
        if (!isThere) throw missing(id);
        return call.empty(204);
      });
    }),
  );

  app.get(`${base}/connections/:id`, (context) =>
    exchange(context, options, (call) => {
      const id = keyInPath(context, ID, 'id');
      return whenReady(connections.find(id, call), (connection) => {
        if (connection === undefined) throw missing(id);
        return call.json(textOf(connection), 200, { etag: etagOf(connection.epoch) });
      });
    }),
  );

  app.delete(`${base}/connections/:id`, (context) =>
    exchange(context, options, async (call) => {
      const id = keyInPath(context, ID, 'id');
      const ifMatch = call.header('if-match');
      const epochs = ifMatch === undefined ? '*' : versionsOf(ifMatch);
      const former = await connections.leave(id, epochs, call);
      if (former === undefined) throw missing(id);
      rooms.closeFormer(id, former);
      return call.empty(204);
    }),
  );

  app.get(`${base}/connections`, (context) =>
    exchange(context, options, async (call) => {
      const room = nameInQuery(context, 'room');
      const { connections: found, total, cursor } = await connections.list({ room, ...pageRequest(context) }, call);
      const texts = await inSlices(textSteps(found), call);
      const members = [`"connections":[${texts.join(',')}]`, `"total":${total}`];
      if (room !== undefined) members.unshift(`"room":${JSON.stringify(room)}`);
      if (cursor !== undefined) members.push(`"cursor":"${cursor}"`);
      return call.json(`{${members.join(',')}}`);
    }),
  );
}

interface Details {
  readonly room: string;
  readonly user?: string | undefined;
  readonly meta?: unknown;
}

/** The members of a connection that the client chose, as they are sent. */
export function detailsOf({ room, user, meta }: Details): string {
  return JSON.stringify({ room, user, meta }).slice(1, -1);
}

/** Connections that are written in one step. */
const WRITTEN = 32;

function* textSteps(connections: readonly Connection[]): Steps<string[]> {
  const texts: string[] = [];
  const iso = isoTimes();
  for (const connection of connections) {
    texts.push(textOf(connection, iso));
    if (texts.length % WRITTEN === 0) yield;
  }
  return texts;
}

function textOf(
  { id, details, epoch, connectedAtMs, lastSeenAtMs, expiresAtMs }: Connection,
  iso: (atMs: number) => string = isoOf,
): string {
  const times = `"connectedAt":"${iso(connectedAtMs)}","lastSeenAt":"${iso(lastSeenAtMs)}","expiresAt":"${iso(expiresAtMs)}"`;
  return `{"id":${JSON.stringify(id)},${details},"epoch":${epoch},${times}}`;
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

function missing(id: string): NotFoundError {
  return new NotFoundError(`there is no connection ${JSON.stringify(id)}`);
}
