/**
 * A WebSocket in a room: what it may send, how much may wait for it, and whether it is still alive.
 *
 * A sender is not read from while much of what is to be sent waits (`Rooms.send`), and closed when it has said too much
 * to wait. Signs of life are asked for from the first moment on that chance says, so that of many clients that came
 * together not all are asked in one turn of the event loop.
 *
 * A receiver that does not read is closed once `MAX_BUFFERED_BYTES` wait for it; until then a message to it costs what
 * it costs for anybody else, so nobody is slowed by it.
 */
import type { RawData, WebSocket } from 'ws';
import { OverloadedError } from '../errors.ts';
import type { Registration } from '../resources/connections.ts';
import type { Member } from './room-members.ts';
import type { Rooms } from './rooms.ts';

/** Largest frame that a client may send; as the body of a message over HTTP. */
export const MAX_FRAME_BYTES = 16 * 1024;
/** What may wait for a receiver before it is closed as too slow. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Frames that a client may send: so many at once, and so many a second after. */
const BURST = 400;
const FRAMES_PER_SECOND = 200;
/** After a close frame was sent, how long its answer may take. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Close codes of RFC 6455, and of the registry that it opened. */
const UNSUPPORTED_DATA = 1003;
const INVALID_DATA = 1007;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

export interface SocketMemberOptions extends Pick<Registration, 'room'> {
  readonly id: string;
  readonly epoch: number;
  readonly rooms: Rooms;
  /** The connection's time to live in the map. */
  readonly ttlMs: number;
}

export class SocketMember implements Member {
  readonly id: string;
  readonly room: string;
  readonly epoch: number;
  readonly #socket: WebSocket;
  readonly #rooms: Rooms;
  readonly #ttlMs: number;
  #pings: NodeJS.Timeout;
  #paused = false;
  #heardMs = performance.now();
  #beatMs = this.#heardMs;
  #frames = BURST;
  #frameMs = this.#heardMs;

  /** Takes over an open socket. */
  constructor(socket: WebSocket, { id, room, epoch, rooms, ttlMs }: SocketMemberOptions) {
    this.id = id;
    this.room = room;
    this.epoch = epoch;
    this.#socket = socket;
    this.#rooms = rooms;
    this.#ttlMs = ttlMs;
    const everyMs = ttlMs / 3;
    this.#pings = setTimeout(
      () => {
        this.#pings = setInterval(() => this.#ping(), everyMs);
        this.#ping();
      },
      Math.ceil(everyMs * (1 - Math.random())),
    );
    socket.on('pong', () => this.#heard());
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('error', () => {}); // the close that follows says it all
  }

  send(frame: string): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.close(TRY_AGAIN_LATER, 'too slow: messages were waiting');
      return false;
    }
    socket.send(frame);
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return; // and to be cut off already
    if (this.#paused) this.#socket.resume(); // the client's close frame is to be read
    void closeSocket(this.#socket, code, reason);
  }

  /** Lets go of what watched over the socket. Called when it has closed. */
  [Symbol.dispose](): void {
    clearInterval(this.#pings);
  }

  #ping(): void {
    if (this.#paused) this.#heard(); // it cannot be heard now
    if (performance.now() - this.#heardMs > this.#ttlMs) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** The map hears of it a few times per time to live, however much the client sends. */
  #heard(): void {
    this.#heardMs = performance.now();
    if (this.#heardMs - this.#beatMs < this.#ttlMs / 6) return;
    this.#beatMs = this.#heardMs;
    void this.#rooms.heartbeat(this);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return; // what comes after our close frame does not count
    this.#heard();
    if (isBinary) return this.close(UNSUPPORTED_DATA, 'only text frames with JSON are taken');
    if (!this.#mayMessage()) return this.close(POLICY_VIOLATION, `more than ${FRAMES_PER_SECOND} frames a second`);
    const text = (data as Buffer).toString('utf8'); // with the default binary type
    if (!isJson(text)) return this.close(INVALID_DATA, 'the frame is not JSON');
    try {
      const ready = this.#rooms.send(this.room, messageFrame(this.room, text, this.id), this);
      if (ready instanceof Promise) void this.#pauseUntil(ready);
    } catch (error) {
      if (!(error instanceof OverloadedError)) throw error;
      this.close(TRY_AGAIN_LATER, 'too many messages wait to be sent');
    }
  }

  /** Its client is slowed down by not being read from; what was read already still comes. */
  async #pauseUntil(ready: Promise<void>): Promise<void> {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
    await ready;
    this.#paused = false;
    this.#heard();
    this.#socket.resume();
  }

  /** A token bucket. */
  #mayMessage(): boolean {
    const nowMs = performance.now();
    this.#frames = Math.min(BURST, this.#frames + ((nowMs - this.#frameMs) * FRAMES_PER_SECOND) / 1000);
    this.#frameMs = nowMs;
    if (this.#frames < 1) return false;
    this.#frames -= 1;
    return true;
  }
}

/** Sends a close frame; resolves when the client has answered it, or was cut off; at once where it has closed before. */
export async function closeSocket(socket: WebSocket, code: number, reason: string): Promise<void> {
  if (socket.readyState === socket.CLOSED) return; // that is said once
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}

/** @param data JSON text */
export function messageFrame(room: string, data: string, from?: string): string {
  const sender = from === undefined ? '' : `"from":${JSON.stringify(from)},`;
  return `{"type":"message","room":${JSON.stringify(room)},${sender}"data":${data}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
