/**
 * Items in the order in which they came, by serial numbers: a listing goes on behind any of them, also one that has left.
 *
 * Cost: to go on takes a binary search among the blocks, none of which is empty, so a page costs its own length.
 */

/** Serial numbers of a block. */
const BLOCK = 256;

interface Block<Item> {
  readonly number: number;
  readonly items: Map<number, Item>;
}

export class InOrder<Item> {
  /** By number; one that gets empty leaves. */
  readonly #blocks: Block<Item>[] = [];
  #next = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns its serial number, greater than those of all that came before */
  add(item: Item): number {
    const serial = this.#next++;
    const number = Math.floor(serial / BLOCK);
    let block = this.#blocks.at(-1);
    if (block?.number !== number) this.#blocks.push((block = { number, items: new Map() }));
    block.items.set(serial, item);
    this.#size += 1;
    return serial;
  }

  remove(serial: number): void {
    const at = this.#indexOf(serial);
    const block = this.#blocks[at];
    if (block?.items.delete(serial) !== true) return;
    this.#size -= 1;
    if (block.items.size === 0) this.#blocks.splice(at, 1);
  }

  /** Those from a serial number on, in order. None may be removed meanwhile. */
  *from(serial: number): Generator<readonly [serial: number, item: Item]> {
    for (let at = this.#indexOf(serial); at < this.#blocks.length; at++) {
      for (const entry of this.#blocks[at]!.items) if (entry[0] >= serial) yield entry;
    }
  }

  /** Of the first block that may have a serial number or a later one. */
  #indexOf(serial: number): number {
    const number = Math.floor(serial / BLOCK);
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle]!.number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
