import { OverloadedError } from '../errors.ts';

/**
 * How many requests of a thread may be under way at a time; more are refused at once, before anything was done for
 * them. So what was admitted waits behind a bounded number of others, however many come.
 *
 * Cost: a comparison. A request that is answered without waiting for anything is never counted.
 */
export class Admission {
  readonly #limit: number;
  #underWay = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isOpen(): boolean {
    return this.#underWay < this.#limit;
  }

  refusal(): OverloadedError {
    return new OverloadedError(`${this.#limit} requests are under way on this thread already; nothing was begun`);
  }

  begin(): void {
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
  }
}
