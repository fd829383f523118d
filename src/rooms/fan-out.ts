/**
 * Hands messages to the WebSockets of a thread: so many in a turn of its event loop, and the others in the next ones.
 *
 * Guarantee: one message after another, each to every member of its room that is there from when its turn comes until
 * it is done; so each member gets messages in the order in which they were added.
 * Cost: a turn of the event loop per `SENDS_PER_TURN` members. Whoever adds bounds how much waits.
 */
import type { Member } from './room-members.ts';

/** One to two milliseconds: what any other request of the thread waits for at most. */
export const SENDS_PER_TURN = 64;

export interface Delivery {
  readonly frame: string;
  /** Its turn has come. @returns to whom it goes; undefined when nobody wants that any more */
  begin(): Iterator<Member> | undefined;
  /** Everybody has it. @param count how many were given it */
  done(count: number): void;
}

export class FanOut {
  readonly #queue: Delivery[] = [];
  #members: Iterator<Member> | undefined;
  #given = 0;
  #scheduled = false;

  /** Messages that are not done yet. */
  get length(): number {
    return this.#queue.length;
  }

  add(delivery: Delivery): void {
    this.#queue.push(delivery);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    for (let left = SENDS_PER_TURN; left > 0 && this.#queue.length > 0; left--) this.#step(this.#queue[0]!);
    this.#schedule();
  };

  #step(delivery: Delivery): void {
    this.#members ??= delivery.begin();
    const next = this.#members?.next();
    if (next !== undefined && next.done !== true) {
      if (next.value.send(delivery.frame)) this.#given += 1;
      return;
    }
    const given = this.#given;
    this.#members = undefined;
    this.#given = 0;
    this.#queue.shift();
    delivery.done(given);
  }
}
