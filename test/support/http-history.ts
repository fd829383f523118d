import { Client } from 'undici';
import { type Random, seededRandom } from '../../src/random.ts';
import type { CounterAnswer, CounterCall, CounterOperation } from './history.ts';

export interface RecordOptions {
  readonly url: string;
  readonly strategy: string;
  readonly operations: number;
  /** Few keys make them hot. */
  readonly keys: readonly string[];
  readonly seed: number;
  /** Each is one connection with one request at a time, and so one client of the history. */
  readonly clients?: number;
  readonly onProgress?: (done: number) => void;
}

/** What one client asks, and how it understands the answers. It may remember what it was told. */
export interface HistoryClient {
  /** What to ask about `key` next. */
  draw(key: string): Asked;
  /**
   * What the service said.
   *
   * @returns undefined for an answer that the contract does not know for such a request; `left out` for what says nothing
   */
  understand(asked: Asked, answer: HttpAnswer): CounterAnswer | 'left out' | undefined;
}

export interface Asked {
  readonly key: string;
  readonly call: CounterCall;
  readonly request: HttpRequest;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** After `/v1/{strategy}`. */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * Drives a running service from many connections at once and records what it was asked and what it said. Operations
 * that the service refused without applying them are left out; those whose outcome nobody knows are marked so.
 *
 * @param clientOf makes a client of the resource
 * @throws {UnexpectedAnswerError} an answer that the contract does not know for such a request
 */
export async function recordCalls(
  options: RecordOptions,
  clientOf: (random: Random, number: number) => HistoryClient,
): Promise<CounterOperation[]> {
  const { clients = 64 } = options;
  const history: CounterOperation[] = [];
  const budget = new Budget(options.operations);
  const running = Array.from({ length: clients }, (_, number) => {
    const random = seededRandom(options.seed * 1_000 + number);
    return runClient(number, random, clientOf(random, number), options, budget, history);
  });
  await Promise.all(running);
  return history;
}

/** The operations that the clients share out among themselves. */
class Budget {
  #left: number;

  constructor(operations: number) {
    this.#left = operations;
  }

  take(): boolean {
    return this.#left-- > 0;
  }

  end(): void {
    this.#left = 0;
  }
}

async function runClient(
  number: number,
  random: Random,
  client: HistoryClient,
  options: RecordOptions,
  budget: Budget,
  history: CounterOperation[],
): Promise<void> {
  const connection = new Client(options.url, { pipelining: 1 });
  try {
    while (budget.take()) {
      const key = options.keys[Math.floor(random() * options.keys.length)] ?? 'hits';
      const asked = client.draw(key);
      const calledAtMs = performance.now();
      const answer = await send(connection, `/v1/${options.strategy}`, asked.request);
      const answeredAtMs = performance.now();
      const understood = understand(client, asked, answer);
      if (understood === 'left out') continue;
      history.push({ client: number, key, call: asked.call, answer: understood, calledAtMs, answeredAtMs });
      if (history.length % 10_000 === 0) options.onProgress?.(history.length);
    }
  } catch (error) {
    budget.end(); // ends the other clients too
    throw error;
  } finally {
    await connection.close();
  }
}

function understand(client: HistoryClient, asked: Asked, answer: HttpAnswer | undefined): CounterAnswer | 'left out' {
  if (answer === undefined) return { is: 'unknown' };
  const understood = client.understand(asked, answer);
  if (understood !== undefined) return understood;
  const { status, body } = answer;
  const outcome = status >= 400 ? (JSON.parse(body) as { outcome?: string }).outcome : undefined;
  if (outcome === 'not-applied' || (status === 503 && outcome !== 'unknown')) return 'left out';
  if (status >= 500) return { is: 'unknown' };
  throw new UnexpectedAnswerError(`${JSON.stringify(asked)} was answered ${status} ${body}`);
}

export class UnexpectedAnswerError extends Error {}

/**
 * `dispatch` and not `request`: a stream per answer would make the recorder slower than the service.
 *
 * @returns undefined when the connection broke before the answer was complete
 */
function send(connection: Client, base: string, request: HttpRequest): Promise<HttpAnswer | undefined> {
  return new Promise((resolve) => {
    let status = 0;
    let received: HttpAnswer['headers'] = {};
    const chunks: Buffer[] = [];
    connection.dispatch(
      { ...request, path: `${base}${request.path}` },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode, headers) {
          status = statusCode;
          received = headers;
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          const body = chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString();
          resolve({ status, headers: received, body });
        },
        onResponseError() {
          resolve(undefined);
        },
      },
    );
  });
}
