/** A TCP proxy before a Redis that breaks connections where it hurts: around a command that was sent. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What becomes of a command and its connection:
 * `lose-request` it never arrives; `lose-reply` it ran, and nothing of its answer comes back; `cut-reply` the answer
 * breaks off in the middle; all three reset the connection. `hold-reply` keeps the answer back for `heldMs`.
 */
export type Fault = 'none' | 'lose-request' | 'lose-reply' | 'cut-reply' | 'hold-reply';

export interface FaultyProxyOptions {
  /** The path of the server's socket. */
  readonly upstream: string;
  /** Decides for each chunk with commands that change or read something; never asked about a handshake. */
  readonly fault: () => Fault;
  readonly heldMs?: number;
}

const COMMAND = /\b(?:evalsha|eval|hget)\r\n/i;
const CUT_AFTER_BYTES = 1;

export class FaultyProxy implements AsyncDisposable {
  readonly url: string;
  /** How many faults it has caused. */
  faults = 0;
  readonly #options: FaultyProxyOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(server: Server, options: FaultyProxyOptions) {
    this.#options = options;
    this.#server = server;
    this.url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => this.#join(client));
  }

  static async start(options: FaultyProxyOptions): Promise<FaultyProxy> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultyProxy(server, options);
  }

  /** Resets every connection that is open. */
  resetAll(): void {
    for (const client of this.#clients) client.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.resetAll();
    await closed;
  }

  #join(client: Socket): void {
    const upstream = connect(this.#options.upstream);
    let fault: Fault = 'none';
    this.#clients.add(client);
    const reset = (): void => {
      client.resetAndDestroy();
      upstream.destroy();
    };
    client.on('data', (chunk: Buffer) => {
      if (fault === 'none' && COMMAND.test(chunk.toString('latin1'))) {
        fault = this.#options.fault();
        if (fault !== 'none') this.faults += 1;
      }
      if (fault === 'lose-request') reset();
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      const met = fault;
      fault = 'none';
      if (met === 'lose-reply') reset();
      else if (met === 'cut-reply') client.write(chunk.subarray(0, CUT_AFTER_BYTES), reset);
      else if (met === 'hold-reply') this.#hold(client, upstream, chunk);
      else client.write(chunk);
    });
    client.on('error', () => {}).on('close', () => upstream.destroy());
    client.on('close', () => this.#clients.delete(client));
    upstream.on('error', () => {}).on('close', () => client.resetAndDestroy());
  }

  /** What comes behind a held answer waits too: a stream keeps its order. */
  #hold(client: Socket, upstream: Socket, chunk: Buffer): void {
    upstream.pause();
    setTimeout(() => {
      if (!client.destroyed) client.write(chunk);
      upstream.resume();
    }, this.#options.heldMs);
  }
}
