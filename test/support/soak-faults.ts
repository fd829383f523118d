/** What goes wrong every few seconds of a soak. */
import { connect } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';
import type { Random } from '../../src/random.ts';
import { KeptAliveClient } from './kept-alive-client.ts';
import type { SoakLoad } from './soak-load.ts';
import { SocketClient } from './socket-client.ts';
import { ASK_THREAD } from './thread-probe.ts';
import { setWallClock } from './wall-clock.ts';

export const soakFaults = [
  'throw-in-section',
  'origin-delay',
  'origin-fail',
  'origin-outage',
  'client-vanishes',
  'sockets-return',
  'arena-full',
  'clock-steps',
  'thread-dies',
  'owner-dies',
] as const;
export type SoakFault = (typeof soakFaults)[number];

const SOCKETS_OF_EACH = 4;
/** Writes of each strategy that an outage fails, and what is waited for them. */
const OUTAGE_WRITES = 100;
const OUTAGE_MS = 2_000;
/** Where the wall clock is set, one after the other; it stays there through all that follows. */
const CLOCK_OFFSETS_MS = [31_000, -3_600_000, 13 * 86_400_000, 0];
const CLOCK_NEAR_MS = 15_000;
/** Connections with which the soak's memory for them is full, and some more. */
const FILLERS = 1_200;
const FILLING_CLIENTS = 16;
const FULL_MS = 500;
/** Until main has noticed a death, and whoever was connected. */
const NOTICED_MS = 300;
const READY_MS = 20_000;
/** Each goes to one of few threads, so that of so many one goes to any. */
const MOST_CONNECTIONS = 200;

export interface SoakFaultsOptions {
  readonly url: string;
  /** Of `wall-clock.ts`. */
  readonly clockSocket: string;
  readonly token: string;
  readonly connectionTtlMs: number;
  readonly strategies: readonly string[];
  /** Those whose state has an owner: there it is the owner that dies. */
  readonly owned: readonly string[];
  readonly load: SoakLoad;
  readonly random: Random;
}

export class SoakFaults {
  readonly counted: Record<SoakFault, number> = Object.fromEntries(soakFaults.map((name) => [name, 0])) as never;
  readonly sockets = new Map<string, SocketClient[]>();
  readonly #options: SoakFaultsOptions;
  #clockSteps = 0;
  #meeting = 'none';
  /** Whose owner was away for long has expired rightly, and hears of it by then. */
  #excusedUntilMs = -Infinity;

  constructor(options: SoakFaultsOptions) {
    this.#options = options;
  }

  /** Brings the WebSockets of every strategy to their number. */
  async fill(): Promise<void> {
    for (const name of this.#options.strategies) {
      const open = (this.sockets.get(name) ?? []).filter(({ socket }) => socket.readyState === socket.OPEN);
      const missing = Array.from({ length: SOCKETS_OF_EACH - open.length }, () => this.#open(name));
      this.sockets.set(name, [...open, ...(await Promise.all(missing))]);
    }
  }

  async leaveAll(): Promise<void> {
    const all = Array.from(this.sockets.values()).flat();
    this.sockets.clear();
    await Promise.all(all.map((client) => client.leave()));
  }

  async meet(fault: SoakFault): Promise<void> {
    this.#meeting = fault;
    const { strategies, owned, random } = this.#options;
    const pick = (names: readonly string[]): string => names[Math.floor(random() * names.length)]!;
    switch (fault) {
      case 'throw-in-section':
        await this.#inject(pick(strategies), { kind: fault, times: 2 });
        break;
      case 'origin-delay': // half of them for longer than the origin may take
        await this.#inject(pick(strategies), { kind: fault, times: 5, delayMs: random() < 0.5 ? 100 : 1_500 });
        break;
      case 'origin-fail':
        await this.#inject(pick(strategies), { kind: fault, times: 10 });
        break;
      case 'origin-outage':
        await this.#outage();
        break;
      case 'client-vanishes':
        await Promise.all(strategies.map((name) => this.#vanish(name)));
        break;
      case 'sockets-return': {
        const name = pick(strategies);
        const clients = this.sockets.get(name) ?? [];
        this.sockets.delete(name); // whatever they are closed with, we asked for it
        for (const [at, client] of clients.entries()) {
          if (at % 2 === 0) client[Symbol.dispose]();
          else client.socket.close();
        }
        await Promise.all(clients.map(({ closed }) => closed));
        await this.fill();
        break;
      }
      case 'arena-full':
        if (!(await this.#fillArena(pick(strategies)))) return;
        break;
      case 'clock-steps':
        await this.#stepClock(pick(strategies));
        break;
      case 'thread-dies':
        await this.#kill(pick(strategies.filter((name) => !owned.includes(name))));
        break;
      case 'owner-dies':
        await this.#kill(pick(owned));
        break;
    }
    this.counted[fault] += 1;
  }

  async #open(strategy: string): Promise<SocketClient> {
    const { url, load, random } = this.#options;
    const client = await SocketClient.open(`${url}/v1/${strategy}`, { room: `room-${Math.floor(random() * 3)}` });
    client.socket.on('message', () => client.received.splice(0)); // nothing of it is kept here
    client.socket.once('close', (code) => {
      const isUnasked = this.sockets.get(strategy)?.includes(client) ?? false;
      const isExcused = load.dying > 0 || performance.now() < this.#excusedUntilMs;
      if (isUnasked && !isExcused)
        load.noteWrong(`a WebSocket of ${strategy} was closed with ${code} during ${this.#meeting}`);
    });
    client.say('here');
    return client;
  }

  async #inject(strategy: string, fault: object): Promise<void> {
    const { url, token } = this.#options;
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify(fault);
    using client = new KeptAliveClient('faults', url, false);
    const { status, error } = await client.send({ method: 'POST', path: `/v1/${strategy}/faults`, body }, headers);
    if (status !== 202) throw new Error(`the fault ${body} was answered ${status ?? error}`);
  }

  /** An origin that fails every write of counters, under all strategies at once, for as many as come within seconds. */
  async #outage(): Promise<void> {
    const outage = { kind: 'origin-fail', times: OUTAGE_WRITES };
    await Promise.all(this.#options.strategies.map((name) => this.#inject(name, outage)));
    await elapsed(OUTAGE_MS);
  }

  /**
   * Connections take all the memory there is for them, for a while; then they leave, and there is room again.
   *
   * @returns whether it was full: on a slow machine they expire faster than they come
   */
  async #fillArena(strategy: string): Promise<boolean> {
    const { url, load, connectionTtlMs } = this.#options;
    const clients = Array.from({ length: FILLING_CLIENTS }, (_, at) => new KeptAliveClient(`filler-${at}`, url));
    const path = (at: number): string => `/v1/${strategy}/connections/filler-${at}`;
    const body = JSON.stringify({ room: 'full', meta: { m: 'm'.repeat(1_000) } });
    const untilMs = performance.now() + connectionTtlMs;
    const put: number[] = [];
    load.full += 1;
    try {
      let isFull = false;
      const fillers = Array.from({ length: FILLERS }, (_, at) => at);
      await inTurns(clients, fillers, async (client, at) => {
        if (isFull || performance.now() > untilMs) return;
        put.push(at);
        isFull ||= (await client.send({ method: 'PUT', path: path(at), body })).status === 507;
      });
      if (isFull) await elapsed(FULL_MS);
      await inTurns(clients, put, (client, at) => client.send({ method: 'DELETE', path: path(at) }));
      await inTime('room for connections', async () => {
        const { status } = await clients[0]!.send({ method: 'PUT', path: path(0), body });
        return status === 200 || status === 201;
      });
      return isFull;
    } finally {
      for (const client of clients) client[Symbol.dispose]();
      load.full -= 1;
    }
  }

  /** Somebody sets the wall clock: the next connection tells it, and no other one ends or lives longer. */
  async #stepClock(strategy: string): Promise<void> {
    const { url, clockSocket } = this.#options;
    const offsetMs = CLOCK_OFFSETS_MS[this.#clockSteps++ % CLOCK_OFFSETS_MS.length]!;
    await setWallClock(clockSocket, offsetMs);
    using client = new KeptAliveClient('clock', url, false);
    const registration = {
      method: 'PUT',
      path: `/v1/${strategy}/connections/clock`,
      body: '{"room":"clock"}',
    } as const;
    await inTime('an answer by the new wall clock', async () => {
      const { status, body = '' } = await client.send(registration);
      if (status !== 200 && status !== 201) return false;
      const { lastSeenAt } = JSON.parse(body) as { lastSeenAt: string };
      return Math.abs(Date.parse(lastSeenAt) - Date.now() - offsetMs) < CLOCK_NEAR_MS;
    });
  }

  /** One sends half a request, one a whole request, and neither waits for the answer. */
  async #vanish(strategy: string): Promise<void> {
    const { url, load } = this.#options;
    const { hostname, port } = new URL(url);
    const { asked, ended } = load.someAccount(strategy).next();
    const head = `POST ${asked.path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n`;
    for (const bytes of [`${head}{"by"`, `${head}{"by":1}`]) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {});
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.resetAndDestroy();
    }
    ended({ fate: 'cut' });
  }

  /** The holder of a counter's lock dies on the second thread, or the owner does; resolves when there is another. */
  async #kill(strategy: string): Promise<void> {
    const { load, url } = this.#options;
    load.dying += 1;
    try {
      await load.whileHeld(strategy, () => this.#killOn(strategy));
      await elapsed(NOTICED_MS);
      await inTime('another thread', () => isReady(url));
      await this.fill();
    } finally {
      load.dying -= 1;
      this.#excusedUntilMs = performance.now() + this.#options.connectionTtlMs;
    }
  }

  async #killOn(strategy: string): Promise<void> {
    const { load } = this.#options;
    using client = await this.#clientOn('1');
    await this.#inject(strategy, { kind: 'exit-holding' });
    const { asked, ended } = load.someAccount(strategy).next();
    const sent = await client.send(asked);
    ended(sent);
    if (sent.fate === 'answered' && sent.status === 200) load.noteWrong(`${strategy}: nobody died who should have`);
  }

  /**
   * A kept-alive connection to a thread: the system decides to which each one goes.
   *
   * @throws {Error} none did
   */
  async #clientOn(thread: string): Promise<KeptAliveClient> {
    for (let opened = 0; opened < MOST_CONNECTIONS; opened++) {
      const client = new KeptAliveClient('killer', this.#options.url);
      const { headers } = await client.send({ method: 'GET', path: '/healthz' }, { [ASK_THREAD]: 'yes' });
      if (headers?.[ASK_THREAD] === thread) return client;
      client[Symbol.dispose]();
    }
    throw new Error(`none of ${MOST_CONNECTIONS} connections went to thread ${thread}`);
  }
}

async function isReady(url: string): Promise<boolean> {
  using client = new KeptAliveClient('ready', url, false);
  return (await client.send({ method: 'GET', path: '/readyz' })).status === 200;
}

/** Waits until it is so. @throws {Error} it does not become so */
async function inTime(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + READY_MS;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`no ${what} after ${READY_MS} ms`);
    await elapsed(20);
  }
}

/** Does something for each of `all`, as many at a time as there are clients. */
async function inTurns<T>(
  clients: readonly KeptAliveClient[],
  all: readonly T[],
  act: (client: KeptAliveClient, one: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (client: KeptAliveClient): Promise<void> => {
    while (next < all.length) await act(client, all[next++]!);
  };
  await Promise.all(clients.map(lane));
}
