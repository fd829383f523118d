/** Broken: one client for everybody, so "to be safe" only one request at a time may use it. */
import type { AsyncMutex } from '../../sync/async-mutex.ts';
import type { Client } from './client.ts';

export class Sessions {
  readonly #client: Client;
  readonly #mutex: AsyncMutex;

  constructor(client: Client, mutex: AsyncMutex) {
    this.#client = client;
    this.#mutex = mutex;
  }

  async userOf(session: string): Promise<string> {
    await using _guard = await this.#mutex.acquire(); // everybody waits for the round trip of everybody before
    return await this.#client.get(session);
  }
}
