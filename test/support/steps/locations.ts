/** Numbers for the words of the memory that the threads of a run share, through all of its buffers. */
export class Locations {
  readonly #buffers: readonly SharedArrayBuffer[];
  readonly #first: number[] = [];
  readonly #firstPlain: number;

  /** @param plain from this buffer on, they are read and written without atomic steps too, which nobody sees */
  constructor(buffers: readonly SharedArrayBuffer[], plain: number) {
    this.#buffers = buffers;
    let location = 0;
    for (const { byteLength } of buffers) {
      this.#first.push(location);
      location += byteLength >>> 2;
    }
    this.#firstPlain = this.#first[plain] ?? location;
  }

  of(array: Int32Array, index: number): number {
    const buffer = this.#buffers.indexOf(array.buffer as unknown as SharedArrayBuffer);
    if (buffer === -1) throw new Error('an atomic step outside the shared memory of the run');
    return this.#first[buffer]! + (array.byteOffset >>> 2) + index;
  }

  /** Whether a word is accessed by atomic steps only. */
  isAtomic(location: number): boolean {
    return location < this.#firstPlain;
  }
}
