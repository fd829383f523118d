/**
 * Bodies as they come in, and the memory that all of a thread's may take: admission counts requests, and a request whose
 * body is not there yet is none of them.
 *
 * Guarantee: what bodies take is counted from their first byte until their requests are answered. One that finds no room
 * is refused, keeps nothing, and what is left of it is dropped as it comes.
 * Cost: a body that comes in one piece, as most do, is not copied; another is, once or a few times.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTooLargeError, OverloadedError, type SharedStateError } from '../errors.ts';

export const MAX_BODY_BYTES = 64 * 1024;

/** `rawBody` is where @hono/node-server, too, looks for a body that was read already. */
export type Incoming = IncomingMessage & {
  rawBody?: Buffer;
  /** Why the body is not there. */
  bodyRefusal?: SharedStateError;
};

export class BodyMemory {
  readonly #limitBytes: number;
  #bytes = 0;
  #refused = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** What the bodies take at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bodies that found no room. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Reads the body, if there is one, and then calls `handle`: a handler that finds its body there can answer without a
   * promise, which saves a fifth of the request (docs/decisions/0002).
   *
   * A body that declares itself too large is refused unread, as is the rest of one that finds no room, and node:http drops
   * it behind the answer. Not so where the connection ends with the answer: a client that is still sending would meet a
   * reset instead of it.
   */
  readAhead(incoming: Incoming, outgoing: ServerResponse, handle: () => void): void {
    const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers;
    const declared = Number(length ?? MAX_BODY_BYTES);
    if (!hasBody(length, encoding) || (declared > MAX_BODY_BYTES && outgoing.shouldKeepAlive)) return handle();
    const body = new ReceivedBody(this, Math.min(declared, MAX_BODY_BYTES));
    let handled = false;
    const refuse = (error: SharedStateError): void => {
      incoming.bodyRefusal = error;
      body.drop();
    };
    incoming.on('data', (chunk: Buffer) => {
      if (incoming.bodyRefusal !== undefined || body.add(chunk)) return;
      if (body.isTooLargeWith(chunk)) return refuse(new BodyTooLargeError(MAX_BODY_BYTES));
      this.#refused += 1;
      refuse(new OverloadedError('bodies that came in take all the memory there is for them; nothing was begun'));
      if (!outgoing.shouldKeepAlive) return;
      handled = true;
      handle();
    });
    // When the client leaves there is no end, and nobody to answer.
    incoming.on('end', () => {
      if (handled) return;
      incoming.rawBody = body.bytes;
      handle();
    });
    outgoing.once('close', () => body.drop());
  }

  /** @returns whether there is room for so many more bytes */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limitBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export function hasBody(length: string | undefined, encoding: string | undefined): boolean {
  return encoding !== undefined || (length !== undefined && length !== '0');
}

const NOTHING: Buffer = Buffer.alloc(0);

class ReceivedBody {
  readonly #memory: BodyMemory;
  /** As long as it may become. */
  readonly #most: number;
  #buffer = NOTHING;
  #length = 0;

  constructor(memory: BodyMemory, most: number) {
    this.#memory = memory;
    this.#most = most;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  isTooLargeWith({ byteLength }: Buffer): boolean {
    return this.#length + byteLength > this.#most;
  }

  /** @returns whether there was room */
  add(chunk: Buffer): boolean {
    const length = this.#length + chunk.byteLength;
    if (length > this.#most) return false;
    if (length > this.#buffer.byteLength) {
      // All of it at once: kept as it is. A part is copied, because it would keep the whole of what was read with it.
      const isWhole = length === this.#most && this.#length === 0;
      const capacity = isWhole ? length : Math.min(this.#most, Math.max(length, 2 * this.#buffer.byteLength));
      if (!this.#memory.take(capacity - this.#buffer.byteLength)) return false;
      const before = this.bytes;
      this.#buffer = isWhole ? chunk : Buffer.allocUnsafeSlow(capacity);
      this.#buffer.set(before);
    }
    if (this.#buffer !== chunk) this.#buffer.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** Keeps nothing of it. */
  drop(): void {
    this.#memory.giveBack(this.#buffer.byteLength);
    this.#buffer = NOTHING;
    this.#length = 0;
  }
}
