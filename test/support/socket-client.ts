/** A WebSocket client that keeps all it receives, and can be waited on. */
import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

export interface RoomMessage {
  readonly type: 'message';
  readonly room: string;
  readonly from?: string;
  readonly data: unknown;
}

export interface SocketOptions extends ClientOptions {
  readonly room: string;
  readonly id?: string;
}

export class SocketClient implements Disposable {
  readonly socket: WebSocket;
  readonly received: RoomMessage[] = [];
  /** The code that it was closed with; 1006 without a close frame. */
  readonly closed: Promise<number>;
  #wanted: { readonly count: number; readonly resolve: () => void } | undefined;

  /** @param base `http://…/v1/{strategy}`. @throws {Error} it was refused */
  static async open(base: string, { room, id, ...options }: SocketOptions): Promise<SocketClient> {
    const query = new URLSearchParams({ room, ...(id === undefined ? {} : { id }) });
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws?${query.toString()}`, options);
    const client = new SocketClient(socket);
    await once(socket, 'open');
    return client;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}); // the close that follows says it all
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString('utf8')) as RoomMessage);
      if (this.#wanted !== undefined && this.received.length >= this.#wanted.count) this.#wanted.resolve();
    });
  }

  /** Resolves with the first `count` messages, once there are so many. */
  async messages(count: number): Promise<readonly RoomMessage[]> {
    if (this.received.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wanted = { count, resolve };
      await promise;
    }
    return this.received.slice(0, count);
  }

  say(data: unknown): void {
    this.socket.send(JSON.stringify(data));
  }

  /** Closes it, and resolves when that is done. */
  async leave(): Promise<number> {
    this.socket.close();
    return await this.closed;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
