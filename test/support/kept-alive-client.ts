/** A client with one connection at a time, kept alive as long as the service keeps it, that says what became of each request. */
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: string;
}

/** What became of a request. */
export interface Sent {
  /** Its `x-request-id`. */
  readonly id: string;
  readonly path: string;
  readonly sentMs: number;
  readonly endedMs: number;
  /** Whether its connection had carried another before. */
  readonly reused: boolean;
  /** `not-sent`: there was no connection to be had. `cut`: it has no whole answer. */
  readonly fate: 'answered' | 'not-sent' | 'cut';
  readonly status?: number;
  readonly body?: string;
  readonly headers?: IncomingHttpHeaders;
  /** Whether the answer says that the connection closes. */
  readonly closes?: boolean;
  readonly error?: string;
}

export class KeptAliveClient implements Disposable {
  readonly #name: string;
  readonly #url: string;
  readonly #agent: Agent;
  #requests = 0;

  /** @param name begins the ids of its requests. @param keepAlive false: a connection for each request */
  constructor(name: string, url: string, keepAlive = true) {
    this.#name = name;
    this.#url = url;
    this.#agent = new Agent({ keepAlive, maxSockets: 1 });
  }

  /** Never throws. */
  async send({ method, path, body }: Asked, more: Readonly<Record<string, string>> = {}): Promise<Sent> {
    const id = `${this.#name}-${++this.#requests}`;
    const sentMs = performance.now();
    const headers = {
      'x-request-id': id,
      'if-match': '*',
      ...more,
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const outgoing = request(this.#url + path, { method, agent: this.#agent, headers });
    const told = () => ({ id, path, sentMs, endedMs: performance.now(), reused: outgoing.reusedSocket });
    try {
      outgoing.end(body);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const text = (await incoming.setEncoding('utf8').toArray()).join('');
      const { statusCode: status, headers: received } = incoming;
      const closes = received.connection === 'close';
      return { ...told(), fate: 'answered', status: status!, body: text, headers: received, closes };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { ...told(), fate: code === 'ECONNREFUSED' ? 'not-sent' : 'cut', error: code ?? message };
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
