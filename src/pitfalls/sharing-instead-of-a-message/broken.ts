/** Broken: everybody writes to a shared map, and a flag is to say when that is over. */
import { ShuttingDownError } from '../../errors.ts';

export type Counts = ReadonlyMap<string, number>;

export class Votes {
  readonly #counts = new Map<string, number>();
  #closing = false;

  /** @param admitted resolves when the voter may vote @throws {ShuttingDownError} too late; nothing was counted */
  async cast(candidate: string, admitted: Promise<void>): Promise<void> {
    if (this.#closing) throw new ShuttingDownError('the poll is closed');
    await admitted; // the poll may close in here, and be stored
    this.#counts.set(candidate, (this.#counts.get(candidate) ?? 0) + 1);
  }

  async close(store: (counts: Counts) => Promise<void>): Promise<void> {
    this.#closing = true; // keeps nobody out who has looked already
    await store(this.#counts);
  }
}
