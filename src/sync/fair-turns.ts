/**
 * Hands out what several sources bring, turn by turn of the event loop: all that has come, and another source's first in
 * each turn. While a message port has messages, however new, Node delivers them before those of any other port; and
 * where a turn may be cut short, whoever comes last in it would be so each time.
 *
 * Guarantee: the pieces of one source are taken in order; what comes while a turn is handed out waits for the next one.
 * Cost: one `setImmediate` per turn.
 */
export class FairTurns<Source, Piece> {
  readonly #take: (source: Source, piece: Piece) => void;
  readonly #onEnd: () => void;
  #arrived = new Map<Source, Piece[]>();
  #turns = 0;

  /** @param onEnd called after each turn */
  constructor(take: (source: Source, piece: Piece) => void, onEnd: () => void) {
    this.#take = take;
    this.#onEnd = onEnd;
  }

  get isEmpty(): boolean {
    return this.#arrived.size === 0;
  }

  add(source: Source, piece: Piece): void {
    if (this.isEmpty) setImmediate(this.#turn);
    const before = this.#arrived.get(source);
    if (before === undefined) this.#arrived.set(source, [piece]);
    else before.push(piece);
  }

  readonly #turn = (): void => {
    const sources = [...this.#arrived];
    this.#arrived = new Map();
    const first = this.#turns++ % sources.length;
    for (const [source, pieces] of [...sources.slice(first), ...sources.slice(0, first)]) {
      for (const piece of pieces) this.#take(source, piece);
    }
    this.#onEnd();
  };
}
