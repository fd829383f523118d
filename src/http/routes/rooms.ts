/** `/v1/{strategy}/rooms` and `/ws`: who is together, and what they tell each other. */
import { randomUUID } from 'node:crypto';
import { upgradeWebSocket } from '@hono/node-server';
import type { Hono } from 'hono';
import type { WebSocket } from 'ws';
import { BadRequestError } from '../../errors.ts';
import type { Connections } from '../../resources/connections.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { unhurried } from '../../resources/call.ts';
import { messageFrame, SocketMember } from '../../rooms/socket-member.ts';
import { ForbiddenOriginError, UpgradeRequiredError } from '../errors.ts';
import { bodyText, parseJson } from '../body.ts';
import { exchange, type Exchange, type ExchangeOptions, type HttpContext, type HttpEnvironment } from '../exchange.ts';
import { keyInPath, nameInQuery } from '../path.ts';
import { checked, messageBody } from '../schemas.ts';
import { type ConnectionsAndRooms, detailsOf } from './connections.ts';

/** Segments of `/v1/{strategy}/rooms/{room}/messages`, the empty one before the first slash included. */
const ROOM = 4;

export interface RoomsRouteOptions extends ExchangeOptions {
  /** This thread's rooms of the strategy at `base`. */
  readonly openRooms: (base: string, connections: Connections) => Rooms;
  /** Origins of pages that may open a WebSocket, besides the service's own. */
  readonly allowedOrigins: readonly string[];
  readonly connectionTtlMs: number;
}

/** @param base `/v1/{strategy}` */
export function roomsRoutes(
  app: Hono<HttpEnvironment>,
  base: string,
  { connections, rooms }: ConnectionsAndRooms,
  options: RoomsRouteOptions,
): void {
  app.get(`${base}/rooms`, (context) =>
    exchange(context, options, async (call) => call.json(JSON.stringify({ rooms: await connections.rooms(call) }))),
  );

  app.post(`${base}/rooms/:room/messages`, (context) =>
    exchange(context, options, async (call) => {
      const room = keyInPath(context, ROOM, 'room');
      const text = await bodyText(context, call);
      const { data } = checked(messageBody, text === undefined ? undefined : parseJson(text));
      const delivered = await rooms.sendCounted(room, messageFrame(room, data), call);
      return call.json(JSON.stringify({ delivered }), 202);
    }),
  );

  app.get(`${base}/ws`, (context) =>
    exchange(context, options, async (call) => {
      const isUpgrade = context.env.outgoing === undefined; // else "Connection: Upgrade" was missing
      if (!isUpgrade || call.header('upgrade')?.toLowerCase() !== 'websocket') {
        throw new UpgradeRequiredError(
          'this path speaks WebSocket: send "Connection: Upgrade" and "Upgrade: websocket"',
        );
      }
      assertHandshake(call);
      assertAllowed(context, call.header('origin'), options.allowedOrigins);
      const room = nameInQuery(context, 'room');
      if (room === undefined) throw new BadRequestError([{ field: 'room', detail: 'must be given in the query' }]);
      const id = nameInQuery(context, 'id') ?? randomUUID();
      const registration = { room, details: detailsOf({ room }), holder: rooms.slot };
      const { connection, replaced } = await connections.register(id, registration, call);
      if (replaced !== undefined) rooms.closeFormer(id, replaced);
      const { epoch } = connection;
      const leave = async (): Promise<void> => void (await connections.leave(id, [epoch], unhurried));
      return openSocket(context, leave, (socket) => {
        const member = new SocketMember(socket, { id, room, epoch, rooms, ttlMs: options.connectionTtlMs });
        rooms.members.add(member);
        void rooms.heartbeat(member); // replaced while it was opening?
        return () => {
          member[Symbol.dispose]();
          rooms.members.remove(member);
        };
      });
    }),
  );
}

/**
 * Completes the handshake.
 *
 * @param leave undoes the registration: when the socket closes, or did before it was open
 * @param onOpen returns what to do when it closes, before `leave`
 */
async function openSocket(
  context: HttpContext,
  leave: () => Promise<void>,
  onOpen: (socket: WebSocket) => () => void,
): Promise<Response> {
  let isOpen = false;
  const left = (): void => void leave().catch(() => {}); // replaced since, or its time to live will tell
  const connection = context.env.incoming?.socket;
  if (connection?.destroyed) left(); // while it was being registered
  else connection?.once('close', () => isOpen || left());
  const upgrade = upgradeWebSocket(() => ({
    onOpen(_event, { raw }) {
      isOpen = true;
      const socket = raw as unknown as WebSocket;
      const onClose = onOpen(socket);
      socket.once('close', () => {
        onClose();
        left();
      });
    },
  }));
  return (await upgrade(context, async () => {})) as Response;
}

/** What the handshake would fail on, once the connection was registered. @throws {BadRequestError} */
function assertHandshake(call: Exchange): void {
  const errors = [];
  if (!/^[+/0-9A-Za-z]{22}==$/.test(call.header('sec-websocket-key') ?? '')) {
    errors.push({ field: 'sec-websocket-key', detail: 'must be 16 bytes in base64' });
  }
  if (call.header('sec-websocket-version') !== '13') {
    errors.push({ field: 'sec-websocket-version', detail: 'must be 13' });
  }
  const protocol = call.header('sec-websocket-protocol');
  if (protocol !== undefined && !isTokenList(protocol)) {
    errors.push({ field: 'sec-websocket-protocol', detail: 'must be names, each once, separated by commas' });
  }
  if (errors.length > 0) throw new BadRequestError(errors);
}

function isTokenList(header: string): boolean {
  const names = header.split(',').map((name) => name.trim());
  return new Set(names).size === names.length && names.every((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name));
}

/** A browser says which page asks. Programs say nothing, and may. */
function assertAllowed(context: HttpContext, origin: string | undefined, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes(origin)) return;
  if (URL.parse(origin)?.host === new URL(context.req.url).host) return;
  throw new ForbiddenOriginError(`pages of ${origin} may not connect; see ALLOWED_ORIGINS`);
}
