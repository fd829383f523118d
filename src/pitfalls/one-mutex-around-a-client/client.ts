/** A stand-in for ioredis and its like: one connection, requests pipelined, every reply one round trip later. */
import { setTimeout as after } from 'node:timers/promises';

export class Client {
  readonly #roundTrip: () => Promise<unknown>;
  #inFlight = 0;
  #mostInFlight = 0;

  /** @param roundTrip a wait in milliseconds, or what stands for one in a test */
  constructor(roundTrip: number | (() => Promise<unknown>)) {
    this.#roundTrip = typeof roundTrip === 'number' ? () => after(roundTrip) : roundTrip;
  }

  /** How many requests were ever on their way at once. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  async get(key: string): Promise<string> {
    this.#inFlight += 1;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    try {
      await this.#roundTrip();
      return `value of ${key}`;
    } finally {
      this.#inFlight -= 1;
    }
  }
}
