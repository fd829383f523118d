/** Operations on every resource of every strategy at random times, and what is right about their answers. */
import { setTimeout as elapsed } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Random } from '../../src/random.ts';
import type { Asked } from './kept-alive-client.ts';
import { Account, counterTarget } from './restart-book.ts';

const CONNECTIONS = 96;
const COUNTERS = 32;
const IDS = 300;
const ROOMS = 12;
const DOCUMENTS = 1_000;
const PATIENCE_MS = 15_000;

interface Operation {
  readonly asked: Asked;
  /** Statuses that are right at any time. */
  readonly right: readonly number[];
  /** An increment's books. */
  readonly ended?: ReturnType<Account['next']>['ended'];
  /** Whether an injected fault may meet it: those are for counters. */
  readonly meetsFaults: boolean;
}

/** While a thread dies, connections to it are cut, and an owner that is gone cannot answer. */
const WHILE_DYING: ReadonlySet<number> = new Set([503, 504]);
/** What the three kinds of faults that are answered are answered with, and a refusal. */
const FAULTED: ReadonlySet<number> = new Set([500, 502, 503, 504]);

export class SoakLoad {
  readonly accounts: ReadonlyMap<string, readonly Account[]>;
  readonly wrong = new Map<string, number>();
  answered = 0;
  refused = 0;
  faulted = 0;
  cut = 0;
  /** Threads that are dying at the moment, as far as we know. */
  dying = 0;
  /** Connection maps that are kept full at the moment. */
  full = 0;
  readonly #strategies: readonly string[];
  readonly #random: Random;
  readonly #url: string;
  /** Strategies whose counters nobody writes at the moment. */
  readonly #held = new Set<string>();
  readonly #writing = new Map<string, Set<Promise<void>>>();

  constructor(url: string, strategies: readonly string[], random: Random) {
    this.#url = url;
    this.#strategies = strategies;
    this.#random = random;
    this.accounts = new Map(
      strategies.map((name) => {
        const targets = Array.from({ length: COUNTERS }, (_, at) => counterTarget(`/v1/${name}`, `soak-${at}`));
        return [name, targets.map((target) => new Account(target))];
      }),
    );
  }

  /** `clients` that each send their next request when the last is answered. @returns answers per second */
  async closedLoop(clients: number, seconds: number): Promise<number> {
    await using agent = connections(clients);
    const before = this.answered;
    const startedMs = performance.now();
    const client = async (): Promise<void> => {
      while (performance.now() < startedMs + seconds * 1_000) await this.#sendOne(agent);
    };
    await Promise.all(Array.from({ length: clients }, client));
    return (this.answered - before) / ((performance.now() - startedMs) / 1_000);
  }

  /** Sends at random times (Poisson), whatever becomes of those before them, until told to stop; then waits for them. */
  async openLoop(ratePerSecond: number, stop: AbortSignal): Promise<void> {
    await using agent = connections(CONNECTIONS);
    const pending = new Set<Promise<void>>();
    for (
      let dueMs = performance.now();
      !stop.aborted;
      dueMs -= (Math.log(1 - this.#random()) / ratePerSecond) * 1_000
    ) {
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 1) await elapsed(earlyMs);
      const one = this.#sendOne(agent);
      pending.add(one);
      void one.finally(() => pending.delete(one));
    }
    await Promise.all(pending);
  }

  /** Runs `act` while no counter of a strategy is written by anybody else. */
  async whileHeld(strategy: string, act: () => Promise<void>): Promise<void> {
    this.#held.add(strategy);
    try {
      await Promise.all(this.#writing.get(strategy) ?? []);
      await act();
    } finally {
      this.#held.delete(strategy);
    }
  }

  someStrategy(): string {
    return this.#pick(this.#strategies);
  }

  someAccount(strategy: string): Account {
    return this.#pick(this.accounts.get(strategy)!);
  }

  noteWrong(what: string): void {
    this.wrong.set(what, (this.wrong.get(what) ?? 0) + 1);
  }

  async #sendOne({ agent }: Connections): Promise<void> {
    const strategy = this.someStrategy();
    const operation = this.#draw(strategy);
    const sent = this.#send(operation, agent);
    if (operation.ended === undefined) return sent;
    const writing = this.#writing.get(strategy) ?? new Set();
    this.#writing.set(strategy, writing.add(sent));
    await sent;
    writing.delete(sent);
  }

  async #send({ asked, right, ended, meetsFaults }: Operation, dispatcher: Agent): Promise<void> {
    const { method, path, body } = asked;
    const [dyingBefore, fullBefore] = [this.dying, this.full];
    try {
      const answer = await request(this.#url + path, {
        method,
        dispatcher,
        headersTimeout: PATIENCE_MS,
        bodyTimeout: PATIENCE_MS,
        headers: { 'if-match': '*', ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body }),
      });
      const text = await answer.body.text();
      const status = answer.statusCode;
      this.answered += 1;
      ended?.({ fate: 'answered', status, body: text });
      if (right.includes(status)) return;
      const mayDie = Math.max(dyingBefore, this.dying) > 0 && WHILE_DYING.has(status);
      const isFull = status === 507 && Math.max(fullBefore, this.full) > 0;
      if (isFull || (status === 503 && answer.headers['retry-after'] !== undefined)) this.refused += 1;
      else if (mayDie || (meetsFaults && FAULTED.has(status))) this.faulted += 1;
      else this.noteWrong(`${method} ${path.replaceAll(/\d+/g, 'N')}: ${status} ${text.slice(0, 200)}`);
    } catch (error) {
      ended?.({ fate: 'cut' });
      this.cut += 1;
      if (Math.max(dyingBefore, this.dying) === 0) this.noteWrong(`${method} ${path}: ${String(error)}`);
    }
  }

  #pick<T>(some: readonly T[]): T {
    return some[Math.floor(this.#random() * some.length)]!;
  }

  #draw(strategy: string): Operation {
    const base = `/v1/${strategy}`;
    const number = (below: number): number => Math.floor(this.#random() * below);
    const read = (path: string, ...right: number[]): Operation => ({
      asked: { method: 'GET', path: base + path },
      right: [200, ...right],
      meetsFaults: path.startsWith('/counters'), // what is not stored is not shown by all
    });
    const write = (method: 'POST' | 'PUT', path: string, right: number[], body?: unknown): Operation => ({
      asked: { method, path: base + path, ...(body !== undefined && { body: JSON.stringify(body) }) },
      right,
      meetsFaults: false,
    });
    let draw = this.#random() * 100;
    const is = (percent: number): boolean => (draw -= percent) < 0;
    if (is(35) && !this.#held.has(strategy)) {
      return { ...this.someAccount(strategy).next(), right: [200], meetsFaults: true };
    }
    if (is(14)) return read(`/counters/soak-${number(COUNTERS)}`, 404);
    if (is(2)) return read('/counters?limit=50');
    if (is(18)) return read(`/cache/doc-${number(DOCUMENTS)}`);
    if (is(4)) return write('PUT', `/cache/own-${number(200)}`, [204], { value: 'x'.repeat(number(2_000)) });
    if (is(6)) {
      const registration = { room: `room-${number(ROOMS)}`, user: `user-${number(IDS)}` };
      return write('PUT', `/connections/id-${number(IDS)}`, [200, 201], registration);
    }
    if (is(6)) return write('POST', `/connections/id-${number(IDS)}/heartbeat`, [204, 404]);
    if (is(3)) return read(`/connections?limit=20&room=room-${number(ROOMS)}`);
    if (is(2)) return read('/rooms');
    if (is(2)) return write('POST', `/rooms/room-${number(ROOMS)}/messages`, [202], { data: number(100) });
    if (is(1)) return write('PUT', '/config', [200], { values: { number: number(100) } });
    return read('/config');
  }
}

interface Connections extends AsyncDisposable {
  readonly agent: Agent;
}

function connections(atMost: number): Connections {
  const agent = new Agent({ connections: atMost, pipelining: 1 });
  return { agent, [Symbol.asyncDispose]: () => agent.close() };
}
