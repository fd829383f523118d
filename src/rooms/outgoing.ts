/**
 * Messages that this thread sends to rooms: a few are on their way to all threads at a time, the others wait here.
 *
 * Guarantee: the messages of one sender go in the order in which they came, and senders take turns: who has much waiting
 * delays nobody else by more than a message. What waits is bounded: whoever sends is told to slow down at
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
  /** By sender; the first one's turn is next. */
  readonly #waiting = new Map<unknown, Outgoing[]>();
  #waits = 0;
  #underWay = 0;
  #slow: PromiseWithResolvers<void> | undefined;

  /**
   * @param sender whose message it is; those of nobody in particular count as one sender's
   * @returns when to send the next one, if not at once
   * @throws {OverloadedError} too many wait; this one is sent to nobody
   */
  add(outgoing: Outgoing, sender?: unknown): Promise<void> | undefined {
    if (this.#waits >= MAX_WAITING) {
      throw new OverloadedError(
        `${MAX_WAITING} messages to rooms wait in this thread already; this one went to nobody`,
      );
    }
    const before = this.#waiting.get(sender);
    if (before === undefined) this.#waiting.set(sender, [outgoing]);
    else before.push(outgoing);
    this.#waits += 1;
    this.#beginNext();
    if (this.#waits < SLOW_AT) return undefined;
    this.#slow ??= Promise.withResolvers();
    return this.#slow.promise;
  }

  #beginNext(): void {
    while (this.#underWay < WINDOW && this.#waits > 0) {
      this.#underWay += 1;
      this.#takeNext().begin(() => {
        this.#underWay -= 1;
        this.#beginNext();
      });
    }
    if (this.#waits >= SLOW_AT / 2) return;
    this.#slow?.resolve();
    this.#slow = undefined;
  }

  #takeNext(): Outgoing {
    const [sender, messages] = this.#waiting.entries().next().value!; // it is asked for what waits only
    const next = messages.shift()!;
    this.#waits -= 1;
    this.#waiting.delete(sender);
    if (messages.length > 0) this.#waiting.set(sender, messages); // behind the others
    return next;
  }
}
