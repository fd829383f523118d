/**
 * `SingleFlight` for what one thread owns alone: one load per key, for whoever of this thread wants it at the same time.
 *
 * Guarantee: as there, without what only threads need: a load has no other thread to be handed to.
 * Cost: a promise per load and per caller that waits.
 */
import { DeadlineError, OverloadedError } from '../errors.ts';
import { Deadlines } from './deadlines.ts';
import type { Flown, SingleFlightOptions, Ticket } from './single-flight.ts';
import type { WaitOptions } from './wait.ts';
import { WaitQueue } from './wait-queue.ts';

export type LocalFlightOptions = Pick<SingleFlightOptions, 'load' | 'timeoutMs' | 'maxWaiting'>;

interface Party {
  readonly queue: WaitQueue<Uint8Array<ArrayBuffer> | undefined>;
  readonly ticket: { isVoid: boolean };
}

export class LocalFlight {
  readonly #options: LocalFlightOptions;
  /** Those that can be joined. */
  readonly #parties = new Map<string, Party>();
  readonly #deadlines = new Deadlines();
  #waiting = 0;

  constructor(options: LocalFlightOptions) {
    this.#options = options;
  }

  /**
   * What a load of `key` brings: one that is on its way, or a new one.
   *
   * @throws {DeadlineError} it did not land in time, and goes on; {OverloadedError} too many wait already
   * @throws the signal's reason, when it aborts first; or what the load threw
   */
  async get(key: string, options?: WaitOptions): Promise<Flown> {
    const { timeoutMs, maxWaiting } = this.#options;
    if (this.#waiting >= maxWaiting) throw new OverloadedError(`${maxWaiting} callers wait for loads already`);
    options?.signal?.throwIfAborted();
    const limitMs = Math.min(timeoutMs, options?.remainingMs ?? Infinity);
    const joined = this.#parties.get(key);
    const party = joined ?? { queue: new WaitQueue({ deadlines: this.#deadlines }), ticket: { isVoid: false } };
    const landing = party.queue.wait(options, limitMs, () => new DeadlineError(Math.round(limitMs)));
    if (joined === undefined) {
      this.#parties.set(key, party);
      void this.#load(key, party);
    }
    this.#waiting += 1;
    try {
      return { value: await landing, collapsed: joined !== undefined };
    } finally {
      this.#waiting -= 1;
    }
  }

  /** From now on the load of `key` that is on its way is not stored and not joined. @returns whether there was one */
  void(key: string): boolean {
    const party = this.#parties.get(key);
    if (party !== undefined) party.ticket.isVoid = true;
    return this.#parties.delete(key);
  }

  /** The same for all keys. */
  voidAll(): void {
    for (const key of this.#parties.keys()) this.void(key);
  }

  async #load(key: string, { queue, ticket }: Party): Promise<void> {
    try {
      const value = await this.#options.load(key, ticket);
      this.#land(key, ticket);
      queue.resolveAll(value);
    } catch (error) {
      this.#land(key, ticket);
      queue.rejectAll(error);
    }
  }

  /** From now on a caller begins a new load; one that was voided has been left out already. */
  #land(key: string, ticket: Ticket): void {
    if (!ticket.isVoid) this.#parties.delete(key);
  }
}
