/**
 * A mutex between threads whose waiters queue without blocking their event loops.
 *
 * Guarantee: one owner at a time across all threads; first come, first served within a thread; while other threads
 * wait, a thread keeps its turn for at most `TURN_MS`, then hands the lock to the next thread that waits. A waiter
 * that is aborted or times out leaves no trace. The next owner repairs what a dead one left.
 * Cost: uncontended, two atomic writes, four atomic loads, and no promise. Handing over to another thread costs a wake-up (about 20 µs).
 *
 * Ordering: a thread that must wait sets its bit first and tries the state word after; a release frees the word first
 * and reads the bits after. Whichever comes second sees the other, so nobody sleeps beside a free lock. A hand-off
 * writes the next owner into the word and then looks whether that thread still lives; main takes a dead thread out of
 * the table first and frees its words after: one of the two sees the other, or the burial of the giver sees both.
 */
import { LockTimeoutError, OverloadedError, PoisonedError } from '../errors.ts';
import type { Doorbell } from './doorbell.ts';
import { Guard } from './guard.ts';
import { DIED, nextWaiting, ownedBy, ownerOf, POISONED, REPAIRS, setWaiting } from './lock-line.ts';
import { type MutexStats, noStats, SAMPLE_EVERY } from './mutex-stats.ts';
import { locksMade, type ObservedLock } from './observed.ts';
import { type Slot, ThreadTable } from './thread-table.ts';
import type { Awaitable, WaitOptions } from './wait.ts';
import { type Waiter, WaitQueue } from './wait-queue.ts';

/** Longest turn of one thread while others wait: strict hand-off at every release costs ten times the throughput. */
export const TURN_MS = 1;

export interface AsyncMutexOptions {
  /** Appears in errors. */
  readonly name: string;
  readonly slot: Slot;
  readonly threads: ThreadTable;
  readonly doorbell: Doorbell;
  /** Longest wait in milliseconds, unless a call allows less. */
  readonly timeoutMs: number;
  /** Waiters of this thread beyond which `acquire` refuses. */
  readonly maxWaiting: number;
  /**
   * Completes or rolls back what an owner that died left open; runs as the next owner. A guard does not hear of a
   * throw: what it guards undoes a change that throws, or lets the next change find its mark (`DirtyFlags`).
   */
  readonly repair?: () => void;
}

export { Guard };

export class AsyncMutex {
  readonly stats: MutexStats = noStats();
  readonly #locks: Int32Array;
  readonly #line: number;
  readonly #options: AsyncMutexOptions;
  readonly #mine: number;
  readonly #position: number;
  readonly #queue: WaitQueue<Guard>;
  /** The same for all guards: a closure each costs more than the guard. */
  readonly #onDispose = (): void => this.#release();
  /** Whether this thread owns the state word, and has taken notice. */
  #owned = false;
  /** When the first release of this turn saw others waiting; 0 while none did. */
  #turnSeenMs = 0;

  /** One per lock and thread. @param line index in `locks` of the lock's first word */
  constructor(locks: Int32Array, line: number, options: AsyncMutexOptions) {
    this.#locks = locks;
    this.#line = line;
    this.#options = options;
    this.#mine = ownedBy(options.slot);
    this.#position = ThreadTable.positionOf(options.slot);
    this.#queue = new WaitQueue({
      onFirst: () => {
        setWaiting(locks, line, this.#position, true);
        options.doorbell.waitBegan();
      },
      onEmpty: () => {
        setWaiting(locks, line, this.#position, false);
        options.doorbell.waitEnded();
      },
    });
    options.doorbell.claim(locks, line);
    options.doorbell.onRing(() => this.#onRing());
    locksMade.publish({ name: options.name, stats: this.stats } satisfies ObservedLock);
  }

  /** Waiters of this thread. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** How often a next owner, on any thread, repaired what a dead one left. */
  get repairs(): number {
    return Atomics.load(this.#locks, this.#line + REPAIRS);
  }

  /**
   * The guard, as soon as it is this caller's turn: `await using guard = await mutex.acquire(options)`.
   * @throws {LockTimeoutError} still held when the wait ran out
   * @throws {OverloadedError} too many callers of this thread wait already
   * @throws {PoisonedError} an earlier owner left a change that could not be repaired
   * @throws the signal's reason, when it has to wait and the signal is aborted; a free lock is granted all the same
   */
  acquire(options?: WaitOptions): Awaitable<Guard> {
    const guard = this.tryAcquire(options);
    if (guard !== undefined) return guard;
    const { name, timeoutMs, maxWaiting } = this.#options;
    if (this.#queue.size >= maxWaiting) {
      throw new OverloadedError(`${maxWaiting} callers wait for mutex "${name}" on this thread already`);
    }
    // Not earlier: a request makes its signal when asked for it, and most never wait.
    options?.signal?.throwIfAborted();
    const limitMs = Math.min(timeoutMs, options?.remainingMs ?? Infinity);
    const turn = this.#queue.wait(options, limitMs, () => new LockTimeoutError(name, Math.round(limitMs)));
    // Our bit is set now. The lock may have been freed between the first try and the bit: try again.
    if (!this.#owned) this.#onRing();
    return turn;
  }

  /** The guard if nobody owns the mutex or waits for it on this thread, else undefined; never waits. */
  tryAcquire(options?: WaitOptions): Guard | undefined {
    if (this.#owned || this.#queue.size > 0 || !this.#takeWord()) return undefined;
    return this.#guard(options);
  }

  /** Turns a poisoned mutex into one whose next owner repairs again. @returns whether it was poisoned */
  recover(): boolean {
    return Atomics.compareExchange(this.#locks, this.#line, POISONED, DIED) === POISONED;
  }

  #onRing(): void {
    if (this.#owned) return;
    try {
      if (this.#queue.size > 0) {
        if (this.#takeWord()) this.#grantNext();
      } else if (ownerOf(Atomics.load(this.#locks, this.#line)) === this.#options.slot) {
        // Handed to us after our last waiter had left: it goes on to the next thread.
        this.#owned = true;
        this.#passOn();
      }
    } catch (error) {
      this.#queue.rejectAll(error);
    }
  }

  /** Tries to own the state word. @throws {PoisonedError} nobody can */
  #takeWord(): boolean {
    const state = Atomics.compareExchange(this.#locks, this.#line, 0, this.#mine);
    if (state === 0 || state === this.#mine) return (this.#owned = true);
    if ((state & POISONED) !== 0) throw new PoisonedError(this.#options.name);
    if (ownerOf(state) !== 0) return false;
    if (Atomics.compareExchange(this.#locks, this.#line, state, this.#mine) !== state) return false;
    this.#owned = true;
    this.#repair();
    return true;
  }

  #repair(): void {
    try {
      this.#options.repair?.();
      Atomics.add(this.#locks, this.#line + REPAIRS, 1);
    } catch {
      this.#owned = false;
      Atomics.store(this.#locks, this.#line, POISONED);
      this.#options.threads.ringAll();
      throw new PoisonedError(this.#options.name);
    }
  }

  #grantNext(): void {
    const waiter = this.#queue.shift();
    if (waiter === undefined) this.#passOn();
    else waiter.resolve(this.#guard(waiter.options, waiter));
  }

  #guard(options: WaitOptions | undefined, waiter?: Waiter<Guard>): Guard {
    const { stats } = this;
    const timing = options?.timing;
    const timed = (stats.runs++ & (SAMPLE_EVERY - 1)) === 0 || timing !== undefined;
    if (!timed && waiter === undefined) return new Guard(this.#onDispose);
    const startedMs = performance.now();
    if (waiter !== undefined) {
      stats.waits += 1;
      stats.waitedMs += startedMs - waiter.sinceMs;
      timing?.add('wait', startedMs - waiter.sinceMs);
    }
    if (!timed) return new Guard(this.#onDispose);
    return new Guard(() => {
      const heldMs = performance.now() - startedMs;
      this.#release(); // before the bookkeeping, which others need not wait for
      stats.holdsSampled += 1;
      stats.heldMsSampled += heldMs;
      timing?.add('hold', heldMs);
    });
  }

  #release(): void {
    if (this.#queue.size > 0 && !this.#turnIsOver()) this.#grantNext();
    else this.#passOn();
  }

  /** Whether another thread waits and this one has had its time. */
  #turnIsOver(): boolean {
    const next = this.#nextWaiting();
    if (next === -1 || next === this.#position) return false;
    const nowMs = performance.now();
    if (this.#turnSeenMs === 0) this.#turnSeenMs = nowMs;
    return nowMs - this.#turnSeenMs >= TURN_MS;
  }

  /** Gives the lock to the next thread that waits, or frees it. This thread comes last. */
  #passOn(): void {
    this.#turnSeenMs = 0;
    for (;;) {
      const next = this.#nextWaiting();
      if (next === this.#position) return this.#grantNext();
      if (next !== -1) {
        if (this.#handOver(next)) return;
        continue;
      }
      this.#owned = false;
      Atomics.store(this.#locks, this.#line, 0);
      // Somebody may have set a bit before the word was free and sleep by now: take the word back for them.
      if (this.#nextWaiting() === -1) return;
      if (Atomics.compareExchange(this.#locks, this.#line, 0, this.#mine) !== 0) return;
      this.#owned = true;
    }
  }

  #nextWaiting(): number {
    return nextWaiting(this.#locks, this.#line, this.#position, this.#options.threads);
  }

  /** @returns whether the lock is no longer this thread's */
  #handOver(position: number): boolean {
    const { threads } = this.#options;
    const slot = threads.livingAt(position);
    if (slot === 0) return false;
    this.#owned = false;
    Atomics.store(this.#locks, this.#line, ownedBy(slot));
    if (threads.livingAt(position) === slot) {
      threads.ring(position);
      return true;
    }
    // It died in between. Either main frees the word for us, or we take it back.
    if (Atomics.compareExchange(this.#locks, this.#line, ownedBy(slot), this.#mine) !== ownedBy(slot)) return true;
    this.#owned = true;
    return false;
  }
}
