/**
 * Keeps the event loop from sleeping for a moment when a batch of messages is due: a thread that sleeps is woken in 30 to
 * 60 µs, by a system call that the other side pays for; one that is awake sees the messages within a few.
 *
 * Guarantee: everything else that comes in is served as ever, since the loop turns without sleeping, and a turn takes
 * about 2 µs. Nothing is polled while no batch is due.
 * Cost: a batch that comes in time costs the time until it came, at most `forMs` of this thread's core. One that does not
 * costs `forMs`, and a pause follows of ten times that, doubled with each miss in a row up to 320 times. So what is polled
 * in vain takes at most a tenth of a core, and a third of a percent of one where it never helps. A few messages at a time
 * are not polled for: an idle or a lightly loaded thread sleeps.
 *
 * @see the Linux kernel's documentation of halt polling (virt/kvm/halt-polling), which adapts in the same way
 */
import { availableParallelism } from 'node:os';

/** About what it takes to wake a thread, twice: longer, and sleeping would have been cheaper. */
const LONGEST_MS = 0.1;
const FEWEST = 8;
/** In terms of how long was polled in vain. */
const PAUSE = 10;
const MAX_DOUBLINGS = 5;

/**
 * How long each of so many threads may poll: not at all where they share cores, since the one that polls then takes the
 * core that the other needs to answer.
 */
export function busyPollMs(threads: number): number {
  return threads <= availableParallelism() ? LONGEST_MS : 0;
}

export class BusyPoll {
  readonly #forMs: number;
  #due = false;
  #turning = false;
  #untilMs = 0;
  #pausedUntilMs = 0;
  #missed = 0;

  /** @param forMs longest time to stay awake for a message; 0 for not at all */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  /**
   * What answers or follows so many messages is due soon: the event loop stays awake for it.
   * Not for a few, which are worth less than what polling costs.
   */
  expect(messages: number): void {
    if (messages < FEWEST || this.#forMs === 0) return;
    const nowMs = performance.now();
    if (nowMs < this.#pausedUntilMs) return;
    this.#untilMs = nowMs + this.#forMs;
    this.#due = true;
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(this.#turn);
  }

  /** The message came. */
  arrived(): void {
    if (!this.#due) return; // while asleep
    this.#due = false;
    this.#missed = 0;
  }

  readonly #turn = (): void => {
    const nowMs = performance.now();
    if (this.#due && nowMs < this.#untilMs) {
      setImmediate(this.#turn);
      return;
    }
    this.#turning = false;
    if (!this.#due) return;
    this.#due = false;
    this.#pausedUntilMs = nowMs + this.#forMs * PAUSE * 2 ** this.#missed;
    this.#missed = Math.min(this.#missed + 1, MAX_DOUBLINGS);
  };
}
