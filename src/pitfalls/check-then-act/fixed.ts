/** Fixed: check and act are one step, with no await in it; what cannot be kept is given back. */

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
    if (this.#free === 0) return false; // check
    this.#free -= 1; // act: nothing runs between these two lines
    try {
      await pay();
      return true;
    } catch (error) {
      this.#free += 1; // not what was read before the await, but what is there now, and one
      throw error;
    }
  }
}
