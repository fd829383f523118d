/**
 * Messages that this thread sends to rooms: a few are on their way to all threads at a time, the others wait here.
 *
 * Guarantee: messages go in the order in which they came. What waits is bounded: whoever sends is told to slow down at
 * `SLOW_AT`, and refused at `MAX_WAITING`. So no thread has more than a window of each other thread's messages to hand out.
 * Cost: while a window is on its way, the next message waits for the first of them to be done on every thread.
 */
import { OverloadedError } from '../errors.ts';

/** Messages of this thread that are on their way at a time. */
const WINDOW = 16;
/** Some milliseconds of work for a room of ten, two seconds for one of a thousand. */
const SLOW_AT = 64;
/** With the largest messages, 64 MiB. */
export const MAX_WAITING = 4_096;

export interface Outgoing {
  /** Sends it. `done` is called once, when it was handed out on every thread. */
  begin(done: () => void): void;
}

export class OutgoingQueue {
  readonly #waiting: Outgoing[] = [];
  #underWay = 0;
  #slow: PromiseWithResolvers<void> | undefined;

  /**
   * @returns when to send the next one, if not at once
   * @throws {OverloadedError} too many wait; this one is sent to nobody
   */
  add(outgoing: Outgoing): Promise<void> | undefined {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new OverloadedError(
        `${MAX_WAITING} messages to rooms wait in this thread already; this one went to nobody`,
      );
    }
    this.#waiting.push(outgoing);
    this.#beginNext();
    if (this.#waiting.length < SLOW_AT) return undefined;
    this.#slow ??= Promise.withResolvers();
    return this.#slow.promise;
  }

  #beginNext(): void {
    while (this.#underWay < WINDOW && this.#waiting.length > 0) {
      this.#underWay += 1;
      this.#waiting.shift()!.begin(() => {
        this.#underWay -= 1;
        this.#beginNext();
      });
    }
    if (this.#waiting.length >= SLOW_AT / 2) return;
    this.#slow?.resolve();
    this.#slow = undefined;
  }
}
