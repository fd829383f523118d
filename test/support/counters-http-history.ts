/** Clients of the counters over HTTP: see `recordCalls`. */
import type { Random } from '../../src/random.ts';
import type { CounterAnswer, CounterCall, CounterOperation } from './history.ts';
import {
  type Asked,
  type HistoryClient,
  type HttpAnswer,
  type HttpRequest,
  recordCalls,
  type RecordOptions as AnyRecordOptions,
} from './http-history.ts';

/** How often each operation is asked for, in proportion to the others. */
export interface OperationMix {
  readonly increment: number;
  readonly read: number;
  readonly compareAndSet: number;
  readonly delete: number;
}

export const incrementsOnly: OperationMix = { increment: 1, read: 0, compareAndSet: 0, delete: 0 };
export const mixedOperations: OperationMix = { increment: 40, read: 30, compareAndSet: 27, delete: 3 };

export interface RecordOptions extends AnyRecordOptions {
  readonly mix: OperationMix;
}

/** @throws {UnexpectedAnswerError} an answer that the contract does not know for such a request */
export function recordHistory(options: RecordOptions): Promise<CounterOperation[]> {
  return recordCalls(options, (random) => new CountersClient(options.mix, random));
}

class CountersClient implements HistoryClient {
  readonly #mix: OperationMix;
  readonly #random: Random;
  readonly #lastSeen = new Map<string, number>();

  constructor(mix: OperationMix, random: Random) {
    this.#mix = mix;
    this.#random = random;
  }

  draw(key: string): Asked {
    const call = drawCall(this.#mix, this.#random, this.#lastSeen.get(key) ?? 0);
    return { key, call, request: requestOf(`/counters/${encodeURIComponent(key)}`, call) };
  }

  understand({ key, call }: Asked, { status, body }: HttpAnswer): CounterAnswer | undefined {
    const { value, code } = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
    const answer = answerOf(call, status, code, value);
    if (answer !== undefined && 'value' in answer) this.#lastSeen.set(key, answer.value);
    return answer;
  }
}

function answerOf(call: CounterCall, status: number, code: unknown, value: unknown): CounterAnswer | undefined {
  if (status === 200 && typeof value === 'number') return { is: 'value', value };
  if (status === 204 && call.kind === 'delete') return { is: 'deleted' };
  if (status === 404 && (call.kind === 'read' || call.kind === 'delete')) return { is: 'missing' };
  if (code === 'CONFLICT' && call.kind === 'compare-and-set' && typeof value === 'number')
    return { is: 'conflict', value };
  return code === 'OVERFLOW' && call.kind === 'increment' ? { is: 'overflow' } : undefined;
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

const headers = { 'content-type': 'application/json' };

function requestOf(path: string, call: CounterCall): HttpRequest {
  switch (call.kind) {
    case 'read':
      return { method: 'GET', path };
    case 'delete':
      return { method: 'DELETE', path };
    case 'increment': {
      // An increment by one goes without a body, which means the same, so that both forms are exercised.
      if (call.by === 1) return { method: 'POST', path: `${path}/increment` };
      return { method: 'POST', path: `${path}/increment`, headers, body: JSON.stringify({ by: call.by }) };
    }
    case 'compare-and-set': {
      const body = JSON.stringify({ expected: call.expected, value: call.value });
      return { method: 'POST', path: `${path}/compare-and-set`, headers, body };
    }
    case 'write':
      throw new TypeError('a counter is not written');
  }
}
