/** Clients of a service whose Redis is in trouble: writers that keep a history, and probes of what needs no Redis. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Dispatcher } from 'undici';
import type { Tally } from './fault-writer.ts';
import type { CounterAnswer, CounterOperation } from './history.ts';

const AGAIN_MS = 10;
/** A probe asks so often that it is no load. */
const PROBE_EVERY_MS = 10;

/** A write that adds one to a number which its answer tells: an increment, or the next version of a config. */
export interface Target {
  /** Names it in the history, and its client. */
  readonly name: string;
  readonly request: (write: number) => Pick<Dispatcher.RequestOptions, 'method' | 'path'> & { body?: string };
  /** What the number was before the first write. */
  readonly startsAt: number;
}

export function counterTarget(strategy: string, key: string): Target {
  const path = `/v1/${strategy}/counters/${key}/increment`;
  return { name: `${strategy}/counters/${key}`, request: () => ({ method: 'POST', path }), startsAt: 0 };
}

export function configTarget(strategy: string): Target {
  const path = `/v1/${strategy}/config`;
  const request = (write: number) => ({ method: 'PUT' as const, path, body: JSON.stringify({ values: { write } }) });
  return { name: `${strategy}/config`, request, startsAt: 1 };
}

export class OutageWriter {
  readonly target: Target;
  readonly history: CounterOperation[] = [];
  /** The longest that an answer took, in milliseconds. */
  slowestMs = 0;
  acknowledged = 0;
  readonly #client: number;

  constructor(target: Target, client: number) {
    this.target = target;
    this.#client = client;
  }

  /** Writes until told to stop; a refusal is noted as such and tried again. */
  async run(url: string, tally: Tally, stop: AbortSignal): Promise<void> {
    const connection = new Client(url);
    try {
      while (!stop.aborted) {
        const answer = await this.write(connection);
        if (answer === 'refused') tally.notApplied += 1;
        else if (answer.is === 'unknown') tally.unknown += 1;
        else tally.acknowledged += 1;
        tally.noteAnswer(this.slowestMs);
        if (answer === 'refused' || answer.is === 'unknown') await delay(AGAIN_MS);
      }
    } finally {
      await connection.close();
    }
  }

  async write(connection: Client): Promise<CounterAnswer | 'refused'> {
    const headers = { 'content-type': 'application/json', 'if-match': '*' };
    const calledAtMs = performance.now();
    const answer = await answerOf(connection, { ...this.target.request(this.history.length), headers });
    const answeredAtMs = performance.now();
    this.slowestMs = Math.max(this.slowestMs, answeredAtMs - calledAtMs);
    if (answer === 'refused') return answer;
    const { name: key } = this.target;
    const call = { kind: 'increment', by: 1 } as const;
    this.history.push({ client: this.#client, key, call, answer, calledAtMs, answeredAtMs });
    if (answer.is === 'value') this.acknowledged += 1;
    return answer;
  }
}

/** @throws {Error} an answer that the contract does not know for such a write */
async function answerOf(connection: Client, request: Dispatcher.RequestOptions): Promise<CounterAnswer | 'refused'> {
  const { statusCode, body } = await connection.request(request);
  const text = await body.text();
  const told = JSON.parse(text) as { value?: number; version?: number; outcome?: string };
  const number = told.value ?? told.version;
  if (statusCode === 200 && number !== undefined) return { is: 'value', value: number };
  if (told.outcome === 'not-applied') return 'refused';
  if (told.outcome === 'unknown') return { is: 'unknown' };
  throw new Error(`${request.method} ${request.path} was answered ${statusCode} ${text}`);
}

/** Something that needs no Redis, asked for again and again. */
export class Probe {
  readonly name: string;
  /** Whether it must do as if Redis were well. */
  readonly judged: boolean;
  /** What answers took while Redis was in trouble, and while it was not, in milliseconds. */
  readonly disturbedMs: number[] = [];
  readonly undisturbedMs: number[] = [];
  /** Answers other than 2xx, or none. */
  readonly errors: string[] = [];
  readonly #url: string;
  readonly #request: Pick<Dispatcher.RequestOptions, 'method' | 'path'>;

  constructor(name: string, url: string, request: Pick<Dispatcher.RequestOptions, 'method' | 'path'>, judged = true) {
    this.name = name;
    this.judged = judged;
    this.#url = url;
    this.#request = request;
  }

  async run(isDisturbed: () => boolean, stop: AbortSignal): Promise<void> {
    const connection = new Client(this.#url);
    while (!stop.aborted) {
      const disturbedBefore = isDisturbed();
      const startedMs = performance.now();
      try {
        const { statusCode, body } = await connection.request(this.#request);
        const text = await body.text();
        if (statusCode >= 300) this.errors.push(`${statusCode} ${text}`);
      } catch (error) {
        this.errors.push(String(error));
      }
      const took = disturbedBefore || isDisturbed() ? this.disturbedMs : this.undisturbedMs;
      took.push(performance.now() - startedMs);
      await delay(PROBE_EVERY_MS);
    }
    await connection.close();
  }
}
