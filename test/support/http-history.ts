import { Client } from 'undici';
import { type Random, seededRandom } from '../../src/random.ts';
import type { CounterAnswer, CounterCall, CounterOperation } from './history.ts';

/** How often each operation is asked for, in proportion to the others. */
export interface OperationMix {
  readonly increment: number;
  readonly read: number;
  readonly compareAndSet: number;
  readonly delete: number;
}

export const incrementsOnly: OperationMix = { increment: 1, read: 0, compareAndSet: 0, delete: 0 };
export const mixedOperations: OperationMix = { increment: 40, read: 30, compareAndSet: 27, delete: 3 };

export interface RecordOptions {
  readonly url: string;
  readonly strategy: string;
  readonly operations: number;
  readonly mix: OperationMix;
  /** Few keys make them hot. */
  readonly keys: readonly string[];
  readonly seed: number;
  /** Each is one connection with one request at a time, and so one client of the history. */
  readonly clients?: number;
  readonly onProgress?: (done: number) => void;
}

/**
 * Drives a running service from many connections at once and records what it was asked and what it said. Operations
 * that the service refused without applying them are left out; those whose outcome nobody knows are marked so.
 *
 * @throws {UnexpectedAnswerError} an answer that the contract does not know for such a request
 */
export async function recordHistory(options: RecordOptions): Promise<CounterOperation[]> {
  const { clients = 64 } = options;
  const history: CounterOperation[] = [];
  const budget = new Budget(options.operations);
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client, options, budget, history)));
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

async function runClient(client: number, options: RecordOptions, budget: Budget, history: CounterOperation[]) {
  const connection = new Client(options.url, { pipelining: 1 });
  const random = seededRandom(options.seed * 1_000 + client);
  const lastSeen = new Map<string, number>();
  try {
    while (budget.take()) {
      const key = options.keys[Math.floor(random() * options.keys.length)] ?? 'hits';
      const call = drawCall(options.mix, random, lastSeen.get(key) ?? 0);
      const calledAtMs = performance.now();
      const answer = await ask(connection, options.strategy, key, call);
      const answeredAtMs = performance.now();
      if (answer === 'refused') continue;
      if ('value' in answer) lastSeen.set(key, answer.value);
      history.push({ client, key, call, answer, calledAtMs, answeredAtMs });
      if (history.length % 10_000 === 0) options.onProgress?.(history.length);
    }
  } catch (error) {
    budget.end(); // ends the other clients too
    throw error;
  } finally {
    await connection.close();
  }
}

function drawCall(mix: OperationMix, random: Random, lastSeen: number): CounterCall {
  const integer = (below: number) => Math.floor(random() * below);
  let draw = random() * (mix.increment + mix.read + mix.compareAndSet + mix.delete);
  if ((draw -= mix.increment) < 0) return { kind: 'increment', by: mix === incrementsOnly ? 1 : 1 + integer(5) };
  if ((draw -= mix.read) < 0) return { kind: 'read' };
  // From the value this client saw last: under contention some succeed and some do not.
  if ((draw -= mix.compareAndSet) < 0) {
    return { kind: 'compare-and-set', expected: lastSeen, value: lastSeen + 1 + integer(1_000) };
  }
  return { kind: 'delete' };
}

/** What the service answered, or that it refused and changed nothing. */
async function ask(
  connection: Client,
  strategy: string,
  key: string,
  call: CounterCall,
): Promise<CounterAnswer | 'refused'> {
  const path = `/v1/${strategy}/counters/${encodeURIComponent(key)}`;
  const { status, body } = await send(connection, path, call);
  if (status === undefined) return { is: 'unknown' };
  const { value, code, outcome } = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
  if (status === 200 && typeof value === 'number') return { is: 'value', value };
  if (status === 204 && call.kind === 'delete') return { is: 'deleted' };
  if (status === 404 && (call.kind === 'read' || call.kind === 'delete')) return { is: 'missing' };
  if (code === 'CONFLICT' && call.kind === 'compare-and-set' && typeof value === 'number')
    return { is: 'conflict', value };
  if (code === 'OVERFLOW' && call.kind === 'increment') return { is: 'overflow' };
  if (status === 503 || outcome === 'not-applied') return 'refused';
  if (status >= 500) return { is: 'unknown' };
  throw new UnexpectedAnswerError(`${JSON.stringify(call)} of ${path} was answered ${status} ${body}`);
}

export class UnexpectedAnswerError extends Error {}

interface Answer {
  /** Undefined when the connection broke before the answer was complete. */
  readonly status: number | undefined;
  readonly body: string;
}

/** `dispatch` and not `request`: a stream per answer would make the recorder slower than the service. */
function send(connection: Client, path: string, call: CounterCall): Promise<Answer> {
  return new Promise((resolve) => {
    let status = 0;
    const chunks: Buffer[] = [];
    connection.dispatch(requestOf(path, call), {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        resolve({ status, body: chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString() });
      },
      onResponseError() {
        resolve({ status: undefined, body: '' });
      },
    });
  });
}

const json = { 'content-type': 'application/json' };

function requestOf(path: string, call: CounterCall) {
  switch (call.kind) {
    case 'read':
      return { method: 'GET', path } as const;
    case 'delete':
      return { method: 'DELETE', path } as const;
    case 'increment': {
      // An increment by one goes without a body, which means the same, so that both forms are exercised.
      if (call.by === 1) return { method: 'POST', path: `${path}/increment` } as const;
      return {
        method: 'POST',
        path: `${path}/increment`,
        headers: json,
        body: JSON.stringify({ by: call.by }),
      } as const;
    }
    case 'compare-and-set': {
      const body = JSON.stringify({ expected: call.expected, value: call.value });
      return { method: 'POST', path: `${path}/compare-and-set`, headers: json, body } as const;
    }
  }
}
