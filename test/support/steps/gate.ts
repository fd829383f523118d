/**
 * The gate in front of every atomic step of one thread: `Atomics`, timers and the clock as the module under test sees
 * them. A step happens when the board chooses it; between two gates a thread runs undisturbed, as no other can.
 *
 * `wait`, `waitAsync` and `notify` are modelled on the board, first come first served as the specification says; all
 * other steps are the real ones on the real memory.
 */
import { type Board, Unwind } from './board.ts';
import { MAIN } from './chooser.ts';
import { type Act, ASYNC_SLEEP, EVENT, Status, STEP, SYNC_SLEEP, TIMEOUT } from './layout.ts';

const atomics = Atomics;
const nextTurnOfLoop = setImmediate;
/** A thread's clock goes on by this much per step of its own, so that a choice fixes it as well. */
const STEP_MS = 0.01;

interface Timer {
  ref(): Timer;
  unref(): Timer;
  readonly dueMs: number;
  readonly callback: () => void;
}

export class Gate {
  readonly #board: Board;
  readonly #thread: number;
  readonly #buffers: readonly SharedArrayBuffer[];
  readonly #firstLocations: number[] = [];
  #quiet = 0;
  #nowMs = 0;
  #ring: ((value: 'ok') => void) | undefined;
  #tasks: (() => void)[] = [];
  #timers = new Set<Timer>();
  #events: ((() => void) | undefined)[] = [];

  /** @param buffers all memory that the threads share */
  constructor(board: Board, thread: number, buffers: readonly SharedArrayBuffer[]) {
    this.#board = board;
    this.#thread = thread;
    this.#buffers = buffers;
    let location = 0;
    for (const { byteLength } of buffers) {
      this.#firstLocations.push(location);
      location += byteLength >>> 2;
    }
  }

  /** Before each run: nothing of the last one is left. */
  reset(): void {
    this.#quiet = 0;
    this.#nowMs = 0;
    this.#ring = undefined;
    this.#tasks = [];
    this.#timers = new Set();
    this.#events = [];
  }

  /** Runs `setUp` as one step. */
  quietly<T>(setUp: () => T): T {
    this.#quiet += 1;
    const result = setUp();
    this.#quiet -= 1;
    return result;
  }

  /** An event of this thread that comes while its event loop is idle, sooner or later. */
  event(callback: () => void): void {
    this.#events.push(callback);
  }

  /** A point where others may go on. */
  pause(): void {
    this.#arrive();
    this.#board.remember(this.#thread, 'pauses', 0);
  }

  /** This thread keeps a value that it read from plain memory. */
  saw(value: number): void {
    this.#board.remember(this.#thread, 'saw', value);
  }

  /** This thread keeps nothing of what it did so far; `here` says where in its program it is. */
  forget(here: number): void {
    this.#board.forgetHistory(this.#thread, here);
  }

  /** Waits for a thread to be killed. @returns which */
  watch(): number {
    this.#yield(Status.watching);
    const dead = this.#board.takeDead();
    this.#board.remember(this.#thread, 'buries', dead);
    return dead;
  }

  /** Puts gates before the atomic steps, and takes over the timers and the clock. */
  install(): void {
    type Perform = (array: Int32Array, index: number, ...rest: number[]) => number;
    const step =
      (act: Act, perform: Perform): Perform =>
      (array, index, ...rest) => {
        const location = this.#locate(array, index);
        this.#arrive();
        const result = perform(array, index, ...rest);
        this.#board.remember(this.#thread, act, result, location);
        return result;
      };
    const gated = {
      load: step('load', atomics.load),
      store: step('store', atomics.store),
      exchange: step('exchange', atomics.exchange),
      add: step('add', atomics.add),
      and: step('and', atomics.and),
      or: step('or', atomics.or),
      compareExchange: step('compareExchange', atomics.compareExchange),
      notify: step('notify', (array, index, count = Infinity) => this.#board.wake(this.#locate(array, index), count)),
      wait: (array: Int32Array, index: number, value: number, timeoutMs = Infinity) =>
        this.#wait(array, index, value, timeoutMs),
      waitAsync: (array: Int32Array, index: number, value: number) => this.#waitAsync(array, index, value),
      pause: () => {}, // no step: it touches no memory
    };
    Object.defineProperty(globalThis, 'Atomics', { value: gated });
    Object.defineProperty(performance, 'now', { value: () => this.#nowMs });
    const setTimer = (callback: (...args: unknown[]) => void, delayMs: number, ...args: unknown[]): Timer => {
      const dueMs = this.#nowMs + delayMs;
      const timer: Timer = { dueMs, callback: () => callback(...args), ref: () => timer, unref: () => timer };
      this.#timers.add(timer);
      return timer;
    };
    const clear = (timer?: Timer): boolean => timer !== undefined && this.#timers.delete(timer);
    const interval = { unref: () => interval, ref: () => interval };
    const later = (task: () => void): void => void this.#tasks.push(task);
    const timers = { setTimeout: setTimer, clearTimeout: clear, setInterval: () => interval, clearInterval: () => {} };
    for (const [name, value] of Object.entries({ ...timers, setImmediate: later })) {
      Object.defineProperty(globalThis, name, { value });
    }
  }

  /** The event loop of an asynchronous program: runs what the board chooses until the run is over. */
  async loop(isFinished: () => boolean): Promise<never> {
    for (;;) {
      await new Promise<void>((resolve) => nextTurnOfLoop(resolve)); // every promise that can go on has done so
      if (this.#board.isUnwinding) throw new Unwind();
      if (isFinished()) this.#board.finish(this.#thread);
      const action = this.#yield(Status.idle);
      this.#board.remember(this.#thread, 'turns', action);
      if (action === TIMEOUT) this.#fireFirstTimer();
      else if (action >= EVENT) this.#fireEvent(action - EVENT);
      else this.#turn();
    }
  }

  #turn(): void {
    const task = this.#tasks.shift();
    if (task !== undefined) return task();
    this.#board.forgetSleep(this.#thread, ASYNC_SLEEP);
    this.#ring?.('ok');
  }

  #fireFirstTimer(): void {
    const [first] = [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs);
    if (first === undefined) return;
    this.#timers.delete(first);
    this.#nowMs = Math.max(this.#nowMs, first.dueMs);
    first.callback();
  }

  #fireEvent(event: number): void {
    const callback = this.#events[event];
    this.#events[event] = undefined;
    callback?.();
  }

  #wait(array: Int32Array, index: number, value: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    const location = this.#locate(array, index);
    this.#arrive();
    const sleeps = atomics.load(array, index) === value;
    this.#board.remember(this.#thread, 'wait', sleeps ? 1 : 0, location);
    if (!sleeps) return 'not-equal';
    this.#board.sleep(this.#thread, location, SYNC_SLEEP);
    const action = this.#yield(Status.waiting, timeoutMs < Infinity);
    this.#board.forgetSleep(this.#thread, SYNC_SLEEP);
    this.#board.remember(this.#thread, 'wakes', action);
    if (action === STEP) return 'ok';
    this.#nowMs += timeoutMs;
    return 'timed-out';
  }

  #waitAsync(array: Int32Array, index: number, value: number): unknown {
    const location = this.#locate(array, index);
    this.#arrive();
    const sleeps = atomics.load(array, index) === value;
    this.#board.remember(this.#thread, 'waitAsync', sleeps ? 1 : 0, location);
    if (!sleeps) return { async: false, value: 'not-equal' };
    this.#board.sleep(this.#thread, location, ASYNC_SLEEP);
    const { promise, resolve } = Promise.withResolvers<'ok'>();
    this.#ring = resolve;
    return { async: true, value: promise };
  }

  /** The gate itself: returns once the board lets this thread take its step. */
  #arrive(): void {
    if (this.#board.isUnwinding) throw new Unwind();
    if (this.#quiet === 0) this.#yield(Status.ready);
    this.#nowMs += STEP_MS;
  }

  /** Lets the board choose who goes on. @returns what it chose for this thread, once it did */
  #yield(status: number, timesOut = this.#timers.size > 0 && status === Status.idle): number {
    const board = this.#board;
    const me = this.#thread;
    let events = 0;
    for (const [event, callback] of this.#events.entries()) if (callback !== undefined) events |= 1 << event;
    board.setStatus(me, status);
    board.offer(me, { timeout: timesOut, events, tasks: this.#tasks.length });
    const next = board.choose();
    if (next !== me) {
      board.pass(next);
      board.awaitBaton(me);
    }
    if (board.isUnwinding) throw new Unwind();
    board.setStatus(me, Status.ready);
    return board.actionOf(me);
  }

  /** Ends the run as a violation. */
  fail(text: string): never {
    if (this.#board.isUnwinding) throw new Unwind(); // what goes wrong now is only the unwinding
    this.#board.fail(text);
    this.#board.pass(MAIN);
    this.#board.awaitBaton(this.#thread);
    throw new Unwind();
  }

  #locate(array: Int32Array, index: number): number {
    const buffer = this.#buffers.indexOf(array.buffer as unknown as SharedArrayBuffer);
    if (buffer === -1) throw new Error('an atomic step outside the shared memory of the run');
    return this.#firstLocations[buffer]! + (array.byteOffset >>> 2) + index;
  }
}
