/** A Redis that is paused, killed and restarted, behind a proxy that breaks connections around their commands. */
import type { Random } from '../../src/random.ts';
import type { Tally } from './fault-writer.ts';
import { type Fault, FaultyProxy } from './faulty-proxy.ts';
import { RedisServer } from './redis-server.ts';

/** What happens in a round; a fault of the proxy, or one of the server itself. */
export const disturbances = [
  'pause',
  'kill',
  'reset',
  'lose-request',
  'lose-reply',
  'cut-reply',
  'hold-reply',
] as const;
export type Disturbance = (typeof disturbances)[number];

export interface TroubleOptions {
  /** Decides what happens, and for how long. */
  readonly random: Random;
  /** Where the writers note what they were told; a disturbance lasts until enough of them have failed. */
  readonly tally: Tally;
  readonly writers: number;
  /** For how long an answer is held back. */
  readonly heldMs: number;
}

/** The fault that the proxy's next commands meet. */
interface Armed {
  fault: Fault;
  left: number;
}

export class RedisTrouble implements AsyncDisposable {
  readonly server: RedisServer;
  readonly proxy: FaultyProxy;
  /** How often each disturbance happened. */
  readonly counted = Object.fromEntries(disturbances.map((name) => [name, 0])) as Record<Disturbance, number>;
  /** Whether one is under way. */
  isUnderWay = false;
  readonly #options: TroubleOptions;
  readonly #armed: Armed;

  private constructor(server: RedisServer, proxy: FaultyProxy, options: TroubleOptions, armed: Armed) {
    this.server = server;
    this.proxy = proxy;
    this.#options = options;
    this.#armed = armed;
  }

  /** Starts a Redis that writes every change to its append-only file before it answers, and the proxy. */
  static async start(options: TroubleOptions): Promise<RedisTrouble> {
    const armed: Armed = { fault: 'none', left: 0 };
    const server = await RedisServer.start({ durable: true });
    const fault = (): Fault => (armed.left-- > 0 ? armed.fault : 'none');
    const proxy = await FaultyProxy.start({ upstream: server.url, fault, heldMs: options.heldMs });
    return new RedisTrouble(server, proxy, options, armed);
  }

  draw(): Disturbance {
    return disturbances[this.#upTo(disturbances.length) - 1]!;
  }

  async disturb(disturbance: Disturbance): Promise<void> {
    this.counted[disturbance] += 1;
    this.isUnderWay = true;
    try {
      await this.#disturb(disturbance);
    } finally {
      this.isUnderWay = false;
    }
  }

  /** Stops Redis, runs `meanwhile` once enough writers have failed, and lets Redis go on. */
  async whilePaused(meanwhile: () => Promise<void>): Promise<void> {
    this.server.pause();
    await this.#failures();
    await meanwhile();
    this.server.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }

  async #disturb(disturbance: Disturbance): Promise<void> {
    if (disturbance === 'pause') {
      await this.whilePaused(async () => {});
    } else if (disturbance === 'kill') {
      await this.server.kill();
      await this.#failures();
      await this.server.restart();
    } else if (disturbance === 'reset') {
      this.proxy.resetAll();
    } else {
      Object.assign(this.#armed, { fault: disturbance, left: this.#upTo(4) });
      await this.#options.tally.until(() => this.#armed.left <= 0);
    }
  }

  async #failures(): Promise<void> {
    const { tally, writers } = this.#options;
    const enough = tally.failures + this.#upTo(3 * writers);
    await tally.until(() => tally.failures >= enough);
  }

  #upTo(most: number): number {
    return 1 + Math.floor(this.#options.random() * most);
  }
}
