/**
 * A mutex between threads that blocks: the three-state futex (free, held, held and contended) over `Atomics`.
 *
 * Guarantee: one owner at a time across all threads; a bounded wait; the next owner repairs what a dead one left. No
 * order: a release frees the lock and wakes one sleeper, and whoever tries first has it. A running thread overtakes the
 * one that was woken (barging), as often as it comes back: nothing but the end of its wait bounds how often a thread is
 * overtaken. Sections must be so short that it does not matter; where turns do, `AsyncMutex` has them.
 * Cost: one compare-and-exchange to take, one exchange to release. While it waits, the whole event loop waits.
 *
 * Ordering: the exchange that takes the word reads what the releasing exchange wrote, so all that the last owner did
 * happened before; both are sequentially consistent. A waiter sets CONTENDED and sleeps only while the word still
 * carries it, so a release either sees the bit or changes the word before the waiter sleeps: no wake-up is lost.
 * Whoever took the lock after waiting keeps CONTENDED set, because others may sleep too.
 *
 * @see Drepper, "Futexes Are Tricky" (the three-state mutex); pthread_mutexattr_setrobust(3) (the next owner repairs)
 */
import { LockTimeoutError, MisuseError, PoisonedError } from '../errors.ts';
import { CONTENDED, DIED, ownedBy, ownerOf, POISONED, REPAIRS } from './lock-line.ts';
import { type MutexStats, noStats, SAMPLE_EVERY } from './mutex-stats.ts';
import { locksMade, type ObservedLock } from './observed.ts';
import { isAsyncFunction, isThenable, type Synchronous } from './synchronous.ts';
import type { Slot } from './thread-table.ts';
import type { WaitOptions } from './wait.ts';

declare global {
  /** In Node since 24, and not yet in TypeScript's library. */
  interface Atomics {
    /** Tells the processor that this thread spins. */
    pause(): void;
  }
}

/** Tries before a waiter parks. The pause doubles after each, to about 5 µs in all: a quarter of what a wake-up costs. */
const SPINS = 8;

export interface SyncMutexOptions {
  /** Appears in errors. */
  readonly name: string;
  /** The calling thread. */
  readonly slot: Slot;
  /** Longest wait in milliseconds, unless a call allows less. */
  readonly timeoutMs: number;
  /**
   * Completes or rolls back a change that was left open; runs as the owner, when `critical` threw or the last owner
   * died. Most throws are refusals that changed nothing, so it has to know by a mark in what it guards whether
   * anything is open, and cost nothing where nothing is: see `DirtyFlags`. Without it nothing is ever half-done.
   */
  readonly repair?: () => void;
}

export class SyncMutex {
  readonly stats: MutexStats = noStats();
  readonly #locks: Int32Array;
  readonly #line: number;
  readonly #mine: number;
  readonly #options: SyncMutexOptions;

  /** @param line index in `locks` of the lock's first word */
  constructor(locks: Int32Array, line: number, options: SyncMutexOptions) {
    this.#locks = locks;
    this.#line = line;
    this.#mine = ownedBy(options.slot);
    this.#options = options;
    locksMade.publish({ name: options.name, stats: this.stats } satisfies ObservedLock);
  }

  /**
   * Runs `critical` while this thread owns the mutex, and blocks the thread until it can.
   * The event loop stops too, so `critical` must be short and cannot await: a promise does not type-check.
   *
   * @throws {LockTimeoutError} still held when the wait ran out; `critical` did not run
   * @throws {PoisonedError} an earlier owner left a change that could not be repaired
   * @throws {MisuseError} this thread owns the mutex already, or `critical` is asynchronous
   */
  run<T>(critical: () => T, ...rest: Synchronous<T, [options?: WaitOptions]>): T {
    const options = rest[0] as WaitOptions | undefined;
    if (isAsyncFunction(critical)) {
      throw new MisuseError(`"${this.#options.name}": an async function cannot be a critical section; it did not run`);
    }
    if (Atomics.compareExchange(this.#locks, this.#line, 0, this.#mine) !== 0) this.#wait(options);
    const timed = (this.stats.runs++ & (SAMPLE_EVERY - 1)) === 0 || options?.timing !== undefined;
    const startedMs = timed ? performance.now() : 0;
    let after = 0;
    try {
      const result = critical();
      if (isThenable(result)) {
        after = POISONED;
        throw new MisuseError(`"${this.#options.name}": the critical section returned a promise, so it is not over`);
      }
      return result;
    } catch (error) {
      if (after === 0) after = this.#repaired();
      throw error;
    } finally {
      const heldMs = timed ? performance.now() - startedMs : 0;
      this.#release(after); // before the bookkeeping, which others need not wait for
      if (timed) this.#sampleHold(heldMs, options);
    }
  }

  /** Turns a poisoned mutex into one whose next owner repairs again. @returns whether it was poisoned */
  recover(): boolean {
    const was = Atomics.compareExchange(this.#locks, this.#line, POISONED, DIED);
    return was === POISONED;
  }

  /** How often a next owner, on any thread, repaired what a dead one left. */
  get repairs(): number {
    return Atomics.load(this.#locks, this.#line + REPAIRS);
  }

  #wait(options: WaitOptions | undefined): void {
    const startedMs = performance.now();
    const limitMs = Math.min(this.#options.timeoutMs, options?.remainingMs ?? Infinity);
    const state = this.#takeWithin(startedMs + limitMs);
    const waitedMs = performance.now() - startedMs;
    this.stats.waits += 1;
    this.stats.waitedMs += waitedMs;
    options?.timing?.add('wait', waitedMs);
    if (state === undefined) throw new LockTimeoutError(this.#options.name, Math.round(waitedMs));
    if ((state & DIED) === 0) return;
    const after = this.#repaired();
    if (after === 0) Atomics.add(this.#locks, this.#line + REPAIRS, 1);
    else this.#giveUp(after);
  }

  /** @returns the state that this thread took the lock from, or undefined when `deadlineMs` came first */
  #takeWithin(deadlineMs: number): number | undefined {
    for (let tries = 0; ; tries++) {
      const state = Atomics.load(this.#locks, this.#line);
      if ((state & POISONED) !== 0) throw new PoisonedError(this.#options.name);
      const owner = ownerOf(state);
      if (owner === 0) {
        // Keep CONTENDED once we may have slept: there may be more sleepers than the one that was woken.
        const kept = tries < SPINS ? state & CONTENDED : CONTENDED;
        if (Atomics.compareExchange(this.#locks, this.#line, state, this.#mine | kept) === state) return state;
      } else if (owner === this.#options.slot) {
        throw new MisuseError(`"${this.#options.name}": this thread owns the mutex already and would wait for itself`);
      } else if (tries < SPINS) {
        pause(2 ** tries);
      } else if (!this.#park(state, deadlineMs)) {
        return undefined;
      }
    }
  }

  /** Sleeps until somebody releases. @returns false when the deadline has passed */
  #park(state: number, deadlineMs: number): boolean {
    const contended = state | CONTENDED;
    if (contended !== state && Atomics.compareExchange(this.#locks, this.#line, state, contended) !== state)
      return true;
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) return false;
    Atomics.wait(this.#locks, this.#line, contended, leftMs);
    return true;
  }

  /** @returns the state to release into: free, or poisoned when the repair itself failed */
  #repaired(): number {
    try {
      this.#options.repair?.();
      return 0;
    } catch {
      return POISONED;
    }
  }

  #giveUp(after: number): never {
    this.#release(after);
    throw new PoisonedError(this.#options.name);
  }

  #release(after: number): void {
    const state = Atomics.exchange(this.#locks, this.#line, after);
    // Poison is for everyone who waits; a free lock is for one of them.
    if ((state & CONTENDED) !== 0) Atomics.notify(this.#locks, this.#line, after === 0 ? 1 : Infinity);
  }

  #sampleHold(heldMs: number, options: WaitOptions | undefined): void {
    this.stats.holdsSampled += 1;
    this.stats.heldMsSampled += heldMs;
    options?.timing?.add('hold', heldMs);
  }
}

/** Leaves the lock's cache line to its owner: a waiter that reads it all the time slows the owner down. */
function pause(times: number): void {
  for (let time = 0; time < times; time++) Atomics.pause();
}
