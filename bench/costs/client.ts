/** A client of one service: one kept connection for what is timed, and some for filling it. */
import { Client, Pool } from 'undici';
import { timed, type Work } from './pair.ts';

export interface Ask {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const FILLING_CONNECTIONS = 16;
const JSON_BODY = { 'content-type': 'application/json' };

export class CostsClient implements AsyncDisposable {
  readonly #timed: Client;
  readonly #filling: Pool;

  constructor(url: string) {
    this.#timed = new Client(url);
    this.#filling = new Pool(url, { connections: FILLING_CONNECTIONS });
  }

  /** Asks, which must be answered with `status`. */
  work(status: number, ask: Ask): Work {
    return () =>
      timed(async () => {
        const got = await send(this.#timed, ask);
        if (got !== status) throw new Error(`${ask.method} ${ask.path} was answered ${got} and not ${status}`);
      });
  }

  /** Asks for each number below `count`, some at once; what is full by then may say so. */
  async fill(count: number, ask: (index: number) => Ask, signal: AbortSignal): Promise<void> {
    let next = 0;
    const filler = async (): Promise<void> => {
      while (next < count) {
        signal.throwIfAborted();
        const one = ask(next++);
        const got = await send(this.#filling, one);
        if (got >= 300 && got !== 507) throw new Error(`${one.method} ${one.path} was answered ${got}`);
      }
    };
    await Promise.all(Array.from({ length: FILLING_CONNECTIONS }, filler));
  }

  /** The first of many that has no room: which one that is depends on the shard. */
  async firstWithoutRoom(ask: (index: number) => Ask): Promise<Ask> {
    for (let index = 0; index < 100_000; index++) {
      const one = ask(index);
      if ((await send(this.#filling, one)) === 507) return one;
    }
    throw new Error('it never became full');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#timed.destroy(), this.#filling.destroy()]);
  }
}

async function send(dispatcher: Client | Pool, { method, path, body, headers }: Ask): Promise<number> {
  const answer = await dispatcher.request({
    method,
    path,
    headers: { ...(body === undefined ? {} : JSON_BODY), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  await answer.body.dump({ limit: 2 ** 24 });
  return answer.statusCode;
}
