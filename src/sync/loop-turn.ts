/**
 * One turn of an event loop: whatever arrived since the last one is taken up, piece by piece. Work that needs CPU queues
 * before the loop, where nobody counts it; its wait shows in how long each turn lasts. A loop whose turns have all been
 * long for a while is behind, and then takes up nothing more once a turn is long: the next turn is short for whoever waits.
 *
 * Guarantee: turns are not judged before they were long for `INTERVAL_MS`, nor for `BURST` pieces or fewer.
 * Cost: two comparisons per piece, and one `setImmediate` per turn.
 */

/** How long turns must have been long, or a queue have stood, to be no burst. */
export const INTERVAL_MS = 100;
/** So many pieces in one turn, or under way at a time, are a burst and no overload. */
export const BURST = 16;

export class LoopTurn {
  readonly #longMs: number;
  readonly #now: () => number;
  readonly #onEnd: (end: () => void) => void;
  #startedMs = -1;
  #begun = 0;
  #refused = 0;
  /** Since when every turn has been long. */
  #longSinceMs = Number.POSITIVE_INFINITY;
  #isBehind = false;
  #lastRefusalMs = 0;

  /** @param onEnd calls back once the turn is over; what is cut into several of the event loop's may count as one */
  constructor(longMs: number, now: () => number, onEnd: (end: () => void) => void = setImmediate) {
    this.#longMs = longMs;
    this.#now = now;
    this.#onEnd = onEnd;
  }

  /** Whether the next piece is taken up. */
  admits(nowMs: number = this.#now()): boolean {
    if (this.#startedMs === -1) {
      this.#startedMs = nowMs;
      this.#onEnd(this.#end);
    }
    this.#begun += 1;
    if (!this.#isBehind || nowMs - this.#startedMs <= this.#longMs) return true;
    this.#refused += 1;
    return false;
  }

  readonly #end = (): void => {
    const nowMs = this.#now();
    const isLong = nowMs - this.#startedMs > this.#longMs && this.#begun > BURST;
    if (this.#isBehind) {
      if (this.#refused > 0) this.#lastRefusalMs = nowMs;
      this.#isBehind = nowMs - this.#lastRefusalMs <= INTERVAL_MS;
    } else if (isLong) {
      this.#longSinceMs = Math.min(this.#longSinceMs, this.#startedMs);
      this.#isBehind = nowMs - this.#longSinceMs >= INTERVAL_MS;
      this.#lastRefusalMs = nowMs;
    } else {
      this.#longSinceMs = Number.POSITIVE_INFINITY;
    }
    if (this.#isBehind) this.#longSinceMs = Number.POSITIVE_INFINITY;
    this.#startedMs = -1;
    this.#begun = 0;
    this.#refused = 0;
  };
}
