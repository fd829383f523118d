/**
 * Notices that another service process has taken the namespace over, also while nothing is written: a reader would go on
 * getting what memory had then.
 */
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import { epochKey } from './redis-entry.ts';
import type { SharedOrigin } from './shared-origin.ts';

/** How long it may take; a refused write tells at once. */
const WATCH_MS = 1_000;

export interface FenceWatchOptions extends RedisConnectionOptions {
  readonly namespace: string;
  readonly epoch: number;
  readonly shared: SharedOrigin;
  /** Called once. */
  readonly onFencedOut: () => void;
}

export class FenceWatch {
  readonly #options: FenceWatchOptions;
  readonly #connection: RedisConnection;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: FenceWatchOptions) {
    this.#options = options;
    this.#connection = new RedisConnection(options);
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#connection.close();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#look(), WATCH_MS).unref();
  }

  async #look(): Promise<void> {
    const { shared, onFencedOut } = this.#options;
    if (!shared.isFenced && (await this.#isTaken())) shared.fence();
    if (this.#stopped) return;
    if (!shared.isFenced) return this.#schedule();
    onFencedOut();
    await this.stop();
  }

  /** No answer is no answer: while Redis is away nobody else works with it either. */
  async #isTaken(): Promise<boolean> {
    const { namespace, epoch } = this.#options;
    try {
      const kept = await this.#connection.call((redis) => redis.get(epochKey(namespace)), { ifLost: 'not-applied' });
      return kept !== String(epoch);
    } catch {
      return false;
    }
  }
}
