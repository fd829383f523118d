import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answer to the last request that came in on a connection. */
export const LATEST = Symbol('latest');
/** Set on a connection that became a WebSocket. */
export const UPGRADED = Symbol('upgraded');
/** Set on a connection that came when there was no room for it: its request is refused. */
export const REFUSED = Symbol('refused');

export type HttpSocket = Socket & { [LATEST]?: ServerResponse; [UPGRADED]?: true; [REFUSED]?: true };

/** Whether every request that came in has been answered, and the answer handed to the system. */
export function isAnswered(socket: HttpSocket): boolean {
  const { [LATEST]: latest, writableLength } = socket;
  return socket[UPGRADED] !== true && (latest === undefined || latest.writableFinished) && writableLength === 0;
}
