/**
 * The connections of one thread, and their bound: each costs a file descriptor and memory, and a process without
 * descriptors can neither accept a connection nor start a thread.
 *
 * Guarantee: when all are taken, a new connection takes the place of an idle one, and is refused where none is found: the
 * first `REFUSING` of a time get their 503, the others are closed at once.
 * Cost: nothing per request. A connection that comes while all are taken looks at `LOOKED_AT` others at most, going round
 * (a clock, as for pages of memory): one that was used since it was last looked at is passed over while another is idle.
 */
import { type HttpSocket, isAnswered, LATEST, REFUSED } from './http-socket.ts';

const LOOKED_AT = 64;
/** Connections beyond the bound that are kept for their refusal, and for how long. */
export const REFUSING = 16;
const REFUSING_MS = 1_000;
/** At most one line in the log for so long. */
const SAY_EVERY_MS = 10_000;

export interface SocketCounts {
  /** Connections that were refused because all were taken. */
  readonly refused: number;
  /** Idle connections that were closed to make room. */
  readonly evicted: number;
}

export class OpenSockets implements Iterable<HttpSocket> {
  readonly #limit: number;
  readonly #onFull: (limit: number, counts: SocketCounts) => void;
  /** In the order in which they are looked at, with the bytes that each had received when it last was. */
  readonly #seen = new Map<HttpSocket, number>();
  #refusing = 0;
  #refused = 0;
  #evicted = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  /** @param onFull called when a connection found no place of its own, now and then */
  constructor(limit: number, onFull: (limit: number, counts: SocketCounts) => void = () => {}) {
    this.#limit = limit;
    this.#onFull = onFull;
  }

  get size(): number {
    return this.#seen.size;
  }

  get counts(): SocketCounts {
    return { refused: this.#refused, evicted: this.#evicted };
  }

  [Symbol.iterator](): Iterator<HttpSocket> {
    return this.#seen.keys();
  }

  add(socket: HttpSocket): void {
    if (this.#seen.size - this.#refusing >= this.#limit && !this.#evict()) this.#refuse(socket);
    if (socket.destroyed) return;
    this.#seen.set(socket, 0);
    socket.once('close', () => {
      this.#seen.delete(socket);
      if (socket[REFUSED]) this.#refusing -= 1;
    });
  }

  /** @returns whether an idle connection was closed */
  #evict(): boolean {
    let idle: HttpSocket | undefined;
    let looks = 0;
    for (const [socket, bytesBefore] of this.#seen) {
      looks += 1;
      if (looks > LOOKED_AT) break;
      const { bytesRead } = socket;
      this.#seen.delete(socket); // to the end
      this.#seen.set(socket, bytesRead);
      if (!isIdle(socket)) continue;
      if (bytesRead === bytesBefore) {
        idle = socket;
        break;
      }
      idle ??= socket;
    }
    if (idle === undefined) return false;
    this.#seen.delete(idle); // its place is free now, though its close is yet to come
    idle.destroy();
    this.#evicted += 1;
    this.#say();
    return true;
  }

  #refuse(socket: HttpSocket): void {
    this.#refused += 1;
    this.#say();
    if (this.#refusing >= REFUSING) return void socket.destroy();
    this.#refusing += 1;
    socket[REFUSED] = true;
    setTimeout(() => socket.destroy(), REFUSING_MS).unref();
  }

  #say(): void {
    const nowMs = performance.now();
    if (nowMs - this.#saidMs < SAY_EVERY_MS) return;
    this.#saidMs = nowMs;
    this.#onFull(this.#limit, this.counts);
  }
}

/** Whether nothing of a request is there, as far as it can be told: a head that comes in pieces, behind others, cannot. */
function isIdle(socket: HttpSocket): boolean {
  const isNew = socket[LATEST] === undefined;
  return isAnswered(socket) && !(isNew && socket.bytesRead > 0) && !socket[REFUSED] && !socket.destroyed;
}
