/** The event loop of one thread, as the module under test sees it: its timers, its immediate tasks, and own events. */
export interface Timer {
  ref(): Timer;
  unref(): Timer;
  readonly dueMs: number;
  readonly callback: () => void;
}

export class LocalLoop {
  /** Of this thread. */
  nowMs = 0;
  readonly #tasks: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  readonly #events: ((() => void) | undefined)[] = [];

  get tasks(): number {
    return this.#tasks.length;
  }

  get hasTimer(): boolean {
    return this.#timers.size > 0;
  }

  /** A bit per event that has yet to come. */
  get events(): number {
    let events = 0;
    for (const [event, callback] of this.#events.entries()) if (callback !== undefined) events |= 1 << event;
    return events;
  }

  /** An event of this thread that comes while its event loop is idle, sooner or later. */
  event(callback: () => void): void {
    this.#events.push(callback);
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: Timer = { dueMs: this.nowMs + delayMs, callback, ref: () => timer, unref: () => timer };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer?: Timer): boolean {
    return timer !== undefined && this.#timers.delete(timer);
  }

  later(task: () => void): void {
    this.#tasks.push(task);
  }

  nextTask(): (() => void) | undefined {
    return this.#tasks.shift();
  }

  /** Time passes until the first timer is due. */
  fireFirstTimer(): void {
    const [first] = [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs);
    if (first === undefined) return;
    this.#timers.delete(first);
    this.nowMs = Math.max(this.nowMs, first.dueMs);
    first.callback();
  }

  fireEvent(event: number): void {
    const callback = this.#events[event];
    this.#events[event] = undefined;
    callback?.();
  }

  /** What waits here, in numbers that tell it from whatever else could. */
  *state(): Generator<number> {
    yield this.#timers.size;
    yield this.events;
    for (const task of this.#tasks) yield* Buffer.from(String(task));
  }
}
