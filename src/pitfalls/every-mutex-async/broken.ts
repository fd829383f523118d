/** Broken: the lock is asynchronous, so every method is, although all they do is change a number in memory. */
import type { AsyncMutex } from '../../sync/async-mutex.ts';
import type { LabSeat } from '../lab-memory.ts';

export type Announce = (level: number) => Promise<unknown>;

export class Stock {
  readonly #levels: Int32Array;
  readonly #mutex: AsyncMutex;

  constructor(seat: LabSeat) {
    this.#levels = seat.words;
    this.#mutex = seat.asyncMutex();
  }

  async add(item: number, by: number): Promise<number> {
    await using _guard = await this.#mutex.acquire();
    return (this.#levels[item]! += by);
  }

  async restock(item: number, by: number, announce: Announce): Promise<void> {
    await using _guard = await this.#mutex.acquire();
    const level = (this.#levels[item]! += by);
    await announce(level); // compiles, and holds up every other item: nothing says that the guard is still there
  }
}
