/**
 * The gate in front of every atomic step of one thread: `Atomics`, timers and the clock as the module under test sees
 * them. A step happens when the board chooses it; between two gates a thread runs undisturbed, as no other can.
 *
 * `wait`, `waitAsync` and `notify` are modelled on the board, first come first served as the specification says; all
 * other steps are the real ones on the real memory.
 */
import { type Board, Unwind } from './board.ts';
import { MAIN } from './chooser.ts';
import { LocalLoop, type Timer } from './local-loop.ts';
import type { Locations } from './locations.ts';
import { type Act, ASYNC_SLEEP, EVENT, Status, STEP, SYNC_SLEEP, TIMEOUT } from './layout.ts';

const atomics = Atomics;
const nextTurnOfLoop = setImmediate;
/** A thread's clock goes on by this much per step of its own, so that a choice fixes it as well. */
const STEP_MS = 0.01;

type Perform = (array: Int32Array, index: number, ...rest: number[]) => number;

export class Gate {
  readonly #board: Board;
  readonly #thread: number;
  readonly #locations: Locations;
  #knows: (() => readonly number[]) | undefined;
  #beforeLoop: readonly [low: number, high: number] = [0, 0];
  #quiet = 0;
  #ring: ((value: 'ok') => void) | undefined;
  #loop = new LocalLoop();

  constructor(board: Board, thread: number, locations: Locations) {
    this.#board = board;
    this.#thread = thread;
    this.#locations = locations;
  }

  /** Before each run: nothing of the last one is left. */
  reset(): void {
    this.#quiet = 0;
    this.#knows = undefined;
    this.#ring = undefined;
    this.#loop = new LocalLoop();
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
    this.#loop.event(callback);
  }

  /** A point where others may go on. */
  pause(): void {
    this.#arrive();
    this.#board.history.remember(this.#thread, 'pauses', 0);
  }

  /** This thread keeps a value that it read from plain memory. */
  saw(value: number): void {
    this.#board.history.remember(this.#thread, 'saw', value);
  }

  /** Whenever its event loop is idle, `knows` is all that this thread keeps of what it did so far. */
  keepsOnly(knows: () => readonly number[]): void {
    this.#knows = knows;
  }

  /** This thread keeps nothing of what it did so far; `here` says where in its program it is. */
  forget(here: number): void {
    this.#board.forgetHistory(this.#thread, here);
  }

  /**
   * This thread is at the head of a loop, and all that it knows of its rounds is how often it went round, as far as
   * that matters, and whether its time has passed.
   */
  #atLoopHead(rounds: number, isLate: boolean): void {
    if (rounds === 0) this.#beforeLoop = this.#board.history.of(this.#thread);
    this.#board.history.returnTo(this.#thread, this.#beforeLoop, rounds * 2 + Number(isLate));
  }

  /** Waits for a thread to be killed. @returns which */
  watch(): number {
    this.#yield(Status.watching);
    const dead = this.#board.takeDead();
    this.#board.history.remember(this.#thread, 'buries', dead);
    return dead;
  }

  /** Puts gates before the atomic steps, and takes over the timers and the clock. */
  install(): void {
    const gated = {
      load: this.#step('load', atomics.load),
      exchange: this.#step('exchange', atomics.exchange),
      compareExchange: this.#step('compareExchange', atomics.compareExchange),
      // What these return nobody gets to see, so that states in which it differs are the same state.
      store: this.#blindStep('store', atomics.store),
      add: this.#blindStep('add', atomics.add),
      and: this.#blindStep('and', atomics.and),
      or: this.#blindStep('or', atomics.or),
      notify: this.#blindStep('notify', (array, index, count = Infinity) =>
        this.#board.wake(this.#locations.of(array, index), count),
      ),
      wait: (array: Int32Array, index: number, value: number, timeoutMs = Infinity) =>
        this.#wait(array, index, value, timeoutMs),
      waitAsync: (array: Int32Array, index: number, value: number) => this.#waitAsync(array, index, value),
      pause: () => {}, // no step: it touches no memory
    };
    Object.defineProperty(globalThis, 'Atomics', { value: gated });
    const atLoopHead = (rounds: number, isLate: boolean): void => this.#atLoopHead(rounds, isLate);
    Object.defineProperty(globalThis, 'atLoopHead', { value: atLoopHead });
    Object.defineProperty(performance, 'now', { value: () => this.#loop.nowMs });
    const setTimer = (callback: (...args: unknown[]) => void, delayMs: number, ...args: unknown[]): Timer =>
      this.#loop.setTimer(() => callback(...args), delayMs);
    const clear = (timer?: Timer): boolean => this.#loop.clearTimer(timer);
    const interval = { unref: () => interval, ref: () => interval };
    const later = (task: () => void): void => this.#loop.later(task);
    const timers = { setTimeout: setTimer, clearTimeout: clear, setInterval: () => interval, clearInterval: () => {} };
    for (const [name, value] of Object.entries({ ...timers, setImmediate: later })) {
      Object.defineProperty(globalThis, name, { value });
    }
  }

  #step(act: Act, perform: Perform): Perform {
    return (array, index, ...rest) => {
      const location = this.#locations.of(array, index);
      if (!this.#arriveAt(location, act !== 'load')) return perform(array, index, ...rest);
      const result = perform(array, index, ...rest);
      this.#board.history.remember(this.#thread, act, result, location);
      return result;
    };
  }

  #blindStep(act: Act, perform: Perform): (...args: Parameters<Perform>) => undefined {
    return (array, index, ...rest) => {
      const location = this.#locations.of(array, index);
      const isStep = this.#arriveAt(location, true);
      perform(array, index, ...rest);
      if (isStep) this.#board.history.remember(this.#thread, act, undefined, location);
    };
  }

  /** The event loop of an asynchronous program: runs what the board chooses until the run is over. */
  async loop(isFinished: () => boolean): Promise<never> {
    for (;;) {
      await new Promise<void>((resolve) => nextTurnOfLoop(resolve)); // every promise that can go on has done so
      if (this.#board.isUnwinding) throw new Unwind();
      if (isFinished()) this.#board.finish(this.#thread);
      if (this.#knows !== undefined)
        this.#board.history.become(this.#thread, [...this.#knows(), ...this.#loop.state()]);
      const action = this.#yield(Status.idle);
      this.#board.history.remember(this.#thread, 'turns', action);
      if (action === TIMEOUT) this.#loop.fireFirstTimer();
      else if (action >= EVENT) this.#loop.fireEvent(action - EVENT);
      else this.#turn();
    }
  }

  #turn(): void {
    const task = this.#loop.nextTask();
    if (task !== undefined) return task();
    this.#board.forgetSleep(this.#thread, ASYNC_SLEEP);
    this.#ring?.('ok');
  }

  #wait(array: Int32Array, index: number, value: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    const location = this.#locations.of(array, index);
    this.#arriveAt(location, false);
    const sleeps = atomics.load(array, index) === value;
    this.#board.history.remember(this.#thread, 'wait', sleeps ? 1 : 0, location);
    if (!sleeps) return 'not-equal';
    this.#board.sleep(this.#thread, location, SYNC_SLEEP);
    const action = this.#yield(Status.waiting, timeoutMs < Infinity);
    this.#board.forgetSleep(this.#thread, SYNC_SLEEP);
    this.#board.history.remember(this.#thread, 'wakes', action);
    if (action === STEP) return 'ok';
    this.#loop.nowMs += timeoutMs;
    return 'timed-out';
  }

  #waitAsync(array: Int32Array, index: number, value: number): unknown {
    const location = this.#locations.of(array, index);
    this.#arriveAt(location, false);
    const sleeps = atomics.load(array, index) === value;
    this.#board.history.remember(this.#thread, 'waitAsync', sleeps ? 1 : 0, location);
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
    this.#loop.nowMs += STEP_MS;
  }

  /** The gate before a step on a word. @returns whether it is a step, because others may notice */
  #arriveAt(location: number, writes: boolean): boolean {
    if (this.#board.isUnwinding) throw new Unwind(); // and accesses nothing any more
    const isOwn = this.#locations.isAtomic(location) && !this.#board.access(this.#thread, location, writes);
    if (isOwn) this.#loop.nowMs += STEP_MS;
    else this.#arrive();
    return !isOwn;
  }

  /** Lets the board choose who goes on. @returns what it chose for this thread, once it did */
  #yield(status: number, timesOut = this.#loop.hasTimer && status === Status.idle): number {
    const board = this.#board;
    const me = this.#thread;
    board.setStatus(me, status);
    board.offer(me, { timeout: timesOut, events: this.#loop.events, tasks: this.#loop.tasks });
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
}
