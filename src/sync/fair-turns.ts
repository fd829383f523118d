/**
 * Runs tasks that several sources bring, round by round: a round is all that had come when it began, and each begins with
 * another source. While a message port has messages, however new, Node delivers them before those of any other port; and
 * where a round may be cut short, whoever comes last in it would be so each time.
 *
 * Guarantee: the tasks of one source run in order; what comes during a round waits for the next one. The event loop
 * turns after each `TURN_MS`, and then the source that had its time comes after the others of the round.
 * Cost: one `setImmediate` per turn, and a look at the clock per step of a task.
 */
import { TURN_MS } from './async-mutex.ts';

/** Does a step, and more while `mayGoOn`. @returns whether it is done; if not, it is called again in a later turn */
export type Task = (mayGoOn: () => boolean) => boolean;

export class FairTurns<Source> {
  readonly #now: () => number;
  #arrived = new Map<Source, Task[]>();
  /** What is left of the round, by source. */
  #round: Task[][] = [];
  #rounds = 0;
  #scheduled = false;
  readonly #onRoundEnd: (() => void)[] = [];

  /** @param now a monotonic clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(source: Source, task: Task): void {
    const before = this.#arrived.get(source);
    if (before === undefined) this.#arrived.set(source, [task]);
    else before.push(task);
    this.#schedule();
  }

  /** Calls `callback` once, when the round that is under way, or the next one, has ended. */
  onRoundEnd(callback: () => void): void {
    this.#onRoundEnd.push(callback);
  }

  #schedule(): void {
    if (this.#scheduled || (this.#round.length === 0 && this.#arrived.size === 0)) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#round.length === 0) this.#beginRound();
    const untilMs = this.#now() + TURN_MS;
    const mayGoOn = (): boolean => this.#now() < untilMs;
    try {
      do this.#runNext(mayGoOn);
      while (this.#round.length > 0 && mayGoOn());
    } finally {
      if (this.#round.length === 0) for (const callback of this.#onRoundEnd.splice(0)) callback();
      this.#schedule();
    }
  };

  #beginRound(): void {
    const bySource = [...this.#arrived.values()];
    this.#arrived = new Map();
    const first = this.#rounds++ % bySource.length;
    this.#round = [...bySource.slice(first), ...bySource.slice(0, first)];
  }

  #runNext(mayGoOn: () => boolean): void {
    const tasks = this.#round.shift()!;
    let done = 0;
    do {
      if (!tasks[done]!(mayGoOn)) break;
      done += 1;
    } while (done < tasks.length && mayGoOn());
    if (done < tasks.length) this.#round.push(tasks.slice(done));
  }
}
