/**
 * What the threads of a service process know together of their origin:
 *
 * ```
 * word 0    1 once another service process has taken the origin's namespace over; it stays so
 * ```
 */
const WORDS = 16;

export class SharedOrigin {
  static readonly bytes = 4 * WORDS;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(SharedOrigin.bytes)) {
    this.#words = new Int32Array(memory);
  }

  /** Whether this process is fenced out: what it has in memory is nobody's truth any more. */
  get isFenced(): boolean {
    return Atomics.load(this.#words, 0) === 1;
  }

  fence(): void {
    Atomics.store(this.#words, 0, 1);
  }
}
