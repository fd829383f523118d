/** Broken: the check and the act are two steps, and everybody else may run in the await between them. */

export class Seats {
  #free: number;

  constructor(free: number) {
    this.#free = free;
  }

  get free(): number {
    return this.#free;
  }

  /** @returns whether a seat was sold; it is not, when there is none or `pay` fails */
  async sell(pay: () => Promise<void>): Promise<boolean> {
    const free = this.#free; // check
    if (free === 0) return false;
    await pay(); // everybody who checks now sees the same seat
    this.#free = free - 1; // act, on what was true before the await
    return true;
  }
}
