/** Clients of the overload proof: as many as keep the service busy, or as come whether it keeps up or not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantileSorted } from 'simple-statistics';
import { Agent, request } from 'undici';
import { seededRandom } from '../../src/random.ts';
import { checkRefusal } from './refusal.ts';

/** Connections at most; who finds none free waits, and the wait counts. */
const CONNECTIONS = 512;
/** What a client waits for an answer; longer than the service's own deadline. */
const PATIENCE_MS = 10_000;

export interface Target {
  readonly url: string;
  readonly method: 'GET' | 'POST';
}

export interface Seen {
  readonly seconds: number;
  readonly sent: number;
  /** Of the accepted, milliseconds from the scheduled time, in ascending order. */
  readonly acceptedMs: readonly number[];
  readonly refused: number;
  /** Milliseconds until a refusal, in ascending order. */
  readonly refusedMs: readonly number[];
  /** How much later than scheduled this client sent, in ascending order; part of all latencies. */
  readonly lateMs: readonly number[];
  /** What was wrong with answers that are neither accepted nor a proper refusal, and how often. */
  readonly wrong: ReadonlyMap<string, number>;
}

export function p99(ascendingMs: readonly number[]): number {
  return ascendingMs.length === 0 ? Number.NaN : quantileSorted([...ascendingMs], 0.99);
}

interface Connections extends AsyncDisposable {
  readonly agent: Agent;
}

function connections(atMost: number): Connections {
  const agent = new Agent({ connections: atMost, pipelining: 1 });
  return { agent, [Symbol.asyncDispose]: () => agent.close() };
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

class Tally {
  readonly #accepted: number[] = [];
  readonly #refused: number[] = [];
  readonly #late: number[] = [];
  readonly #wrong = new Map<string, number>();
  sent = 0;

  async send({ url, method }: Target, { agent }: Connections, scheduledMs: number): Promise<void> {
    this.sent += 1;
    this.#late.push(performance.now() - scheduledMs);
    try {
      const { statusCode, headers, body } = await request(url, {
        method,
        dispatcher: agent,
        headersTimeout: PATIENCE_MS,
      });
      const text = await body.text();
      const elapsedMs = performance.now() - scheduledMs;
      if (statusCode === 200) return void this.#accepted.push(elapsedMs);
      const fault = checkRefusal(statusCode, headers, text);
      if (fault !== undefined) return this.#count(fault);
      this.#refused.push(elapsedMs);
    } catch (error) {
      this.#count(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  seen(seconds: number): Seen {
    const [acceptedMs, refusedMs, lateMs] = [this.#accepted, this.#refused, this.#late].map(ascending) as [
      number[],
      number[],
      number[],
    ];
    return { seconds, sent: this.sent, acceptedMs, refused: refusedMs.length, refusedMs, lateMs, wrong: this.#wrong };
  }

  #count(fault: string): void {
    this.#wrong.set(fault, (this.#wrong.get(fault) ?? 0) + 1);
  }
}

/** `clients` that each send their next request when the last is answered. */
export async function closedLoop(target: Target, clients: number, seconds: number): Promise<Seen> {
  await using agent = connections(clients);
  const tally = new Tally();
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) await tally.send(target, agent, performance.now());
  };
  await Promise.all(Array.from({ length: clients }, client));
  return tally.seen((performance.now() - startMs) / 1000);
}

export interface OpenLoop {
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Sent before, and not counted. */
  readonly warmupSeconds: number;
  readonly seed: number;
}

/** Requests at random times (Poisson), whatever becomes of those before them. */
export async function openLoop(
  target: Target,
  { ratePerSecond, seconds, warmupSeconds, seed }: OpenLoop,
): Promise<Seen> {
  await using agent = connections(CONNECTIONS);
  const random = seededRandom(seed);
  const [warmup, measured] = [new Tally(), new Tally()];
  const pending = new Set<Promise<void>>();
  const startMs = performance.now();
  const measureMs = startMs + warmupSeconds * 1000;
  const endMs = measureMs + seconds * 1000;
  for (let dueMs = startMs; dueMs < endMs; dueMs += (-Math.log(1 - random()) / ratePerSecond) * 1000) {
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 1) await sleep(earlyMs);
    const one = (dueMs < measureMs ? warmup : measured).send(target, agent, dueMs);
    pending.add(one);
    void one.finally(() => pending.delete(one));
  }
  await Promise.all(pending);
  return measured.seen(seconds);
}
