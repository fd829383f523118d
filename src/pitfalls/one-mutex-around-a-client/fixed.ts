/** Fixed: the client matches replies to requests by itself, so any number of requests may be on their way. */
import type { Client } from './client.ts';

export class Sessions {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async userOf(session: string): Promise<string> {
    return await this.#client.get(session);
  }
}
