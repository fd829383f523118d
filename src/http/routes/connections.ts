/** `/v1/{strategy}/connections`: parse, call, reply. Knows no strategy by name. */
import type { Hono } from 'hono';
import { NotFoundError } from '../../errors.ts';
import type { Connections } from '../../resources/connections.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { inSlices } from '../../sync/steps.ts';
import { bodyText, parseJson } from '../body.ts';
import { connectionText, pageBytes } from '../connection-text.ts';
import { etagOf, versionsOf } from '../etags.ts';
import { exchange, whenReady, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';
import { keyInPath, nameInQuery, pageRequest } from '../path.ts';
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
      return call.json(connectionText(connection), replaced ? 200 : 201, { etag: etagOf(connection.epoch) });
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
        return call.json(connectionText(connection), 200, { etag: etagOf(connection.epoch) });
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
      const page = await connections.list({ room, ...pageRequest(context) }, call);
      const body = await inSlices(pageBytes(page, room), call);
      return call.answer(body, 200, { 'content-type': 'application/json' });
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

function missing(id: string): NotFoundError {
  return new NotFoundError(`there is no connection ${JSON.stringify(id)}`);
}
