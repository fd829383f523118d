/**
 * A mutex between threads whose waiters queue without blocking their event loops.
 *
 * Guarantee: one owner at a time across all threads; first come, first served within a thread; round robin between
 * threads. While other threads wait, a thread keeps its turn for at most `TURN_MS` and the section it is in, then hands
 * the lock to the next thread that waits; while none does, it goes on in a new turn of its event loop after that time.
 * A waiter that is aborted or times out leaves no trace, and nobody is granted the lock after its time. The next owner
 * repairs what a dead one left.
 * Shares are those of threads, not of callers: one caller of one thread against fifty of another gets every second
 * grant where a section takes `TURN_MS` or longer; where sections are shorter, one grant for as many of theirs as fit
 * into `TURN_MS`.
 * A thread whose event loop is busy does not keep the others waiting: what was handed to it and not taken within
 * `PATIENCE_MS` goes to a thread that waits and runs. A thread that loses its turn that way, and whose oldest waiter has
 * used half of its time, claims the next: that one nobody takes from it. After a claim it makes none for as long as the
 * last one took, so that it keeps the lock idle for no more than half of the time.
 * Cost: uncontended, two atomic writes, four atomic loads, and no promise. Handing over to another thread costs a
 * wake-up (about 20 µs). While it waits, a thread looks at the lock every `PATIENCE_MS`.
 *
 * Ordering: a thread that must wait sets its bit first and tries the state word after; a release frees the word first
 * and reads the bits after. Whichever comes second sees the other, so nobody sleeps beside a free lock.
 * A hand-off writes the next owner and HANDED into the word; only a compare-and-exchange that finds exactly that takes
 * it, by the next owner (taken) or by another thread (taken back), so one of them has it and the other one sees so.
 * Whoever took it back clears the other's bit, so that it is passed over while it is busy, and rings it after: it looks
 * at its bit once it turns, after the ring, so it sets the bit again. A claim is handed over without HANDED.
 * A hand-off looks after it whether the next owner still lives; main takes a dead thread out of the table first and
 * frees its words after: one of the two sees the other, or the burial of the giver sees both.
 */
import { LockTimeoutError, OverloadedError, PoisonedError } from '../errors.ts';
import type { Doorbell } from './doorbell.ts';
import { Guard } from './guard.ts';
import {
  DIED,
  HANDED,
  isClaiming,
  isWaiting,
  nextWaiting,
  ownedBy,
  ownerOf,
  POISONED,
  REPAIRS,
  setClaiming,
  setWaiting,
} from './lock-line.ts';
import { type MutexStats, noStats, SAMPLE_EVERY } from './mutex-stats.ts';
import { locksMade, type ObservedLock } from './observed.ts';
import { type Slot, ThreadTable } from './thread-table.ts';
import type { Awaitable, WaitOptions } from './wait.ts';
import { type Waiter, WaitQueue } from './wait-queue.ts';

/** Longest turn of one thread while others wait: strict hand-off at every release costs ten times the throughput. */
export const TURN_MS = 1;
/** How long what was handed over is left to its thread: ten times what the slowest wake-up takes on a quiet machine. */
export const PATIENCE_MS = 5;

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
  /** When a caller that had others behind it was granted the lock; 0 once the event loop has turned since. */
  #chainSeenMs = 0;
  #goesOn = false;
  #patience: NodeJS.Timeout | undefined;
  /** The state of the lock when this thread last saw it handed to another; 0 when it was not. */
  #handedSeen = 0;
  /** Since when this thread claims what it is handed next; 0 while it does not. */
  #claimedMs = 0;
  #mayClaimMs = 0;

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
        this.#lookLater();
      },
      onEmpty: () => {
        setWaiting(locks, line, this.#position, false);
        options.doorbell.waitEnded();
        clearTimeout(this.#patience);
        this.#endClaim();
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
        this.#stayWaiting();
        if (this.#takeWord()) this.#grantNext();
      } else if (ownerOf(Atomics.load(this.#locks, this.#line)) === this.#options.slot && this.#takeWord()) {
        this.#passOn(); // handed to us after our last waiter had left: it goes on to the next thread
      }
    } catch (error) {
      this.#queue.rejectAll(error);
    }
  }

  /** Counts as waiting again where another thread took what this one was handed, and its bit; and claims the next. */
  #stayWaiting(): void {
    if (isWaiting(this.#locks, this.#line, this.#position)) return;
    const { sinceMs, untilMs } = this.#queue.oldest!;
    const nowMs = performance.now();
    if (this.#claimedMs === 0 && nowMs >= this.#mayClaimMs && nowMs - sinceMs >= untilMs - nowMs) {
      this.#claimedMs = nowMs;
      setClaiming(this.#locks, this.#line, this.#position, true);
    }
    setWaiting(this.#locks, this.#line, this.#position, true);
  }

  #endClaim(): void {
    if (this.#claimedMs === 0) return;
    const nowMs = performance.now();
    this.#mayClaimMs = nowMs + (nowMs - this.#claimedMs);
    this.#claimedMs = 0;
    setClaiming(this.#locks, this.#line, this.#position, false);
  }

  #lookLater(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#look(), PATIENCE_MS);
    this.#patience.unref();
  }

  /** Takes what another thread was handed a while ago and has not taken. */
  #look(): void {
    if (this.#queue.size === 0) return;
    this.#lookLater();
    const state = this.#owned ? 0 : Atomics.load(this.#locks, this.#line);
    const isHanded = (state & HANDED) !== 0 && ownerOf(state) !== this.#options.slot;
    const isLate = isHanded && state === this.#handedSeen;
    this.#handedSeen = isHanded ? state : 0;
    if (!isLate || Atomics.compareExchange(this.#locks, this.#line, state, this.#mine) !== state) return;
    this.#owned = true;
    this.#endClaim();
    const busy = ThreadTable.positionOf(ownerOf(state));
    setWaiting(this.#locks, this.#line, busy, false);
    this.#options.threads.ring(busy);
    this.#grantNext();
  }

  /** Tries to own the state word. @throws {PoisonedError} nobody can */
  #takeWord(): boolean {
    const mine = this.#mine;
    for (;;) {
      const state = Atomics.compareExchange(this.#locks, this.#line, 0, mine);
      if (state === 0 || state === mine) break;
      if ((state & POISONED) !== 0) throw new PoisonedError(this.#options.name);
      const isHandedToUs = state === (mine | HANDED);
      if (!isHandedToUs && ownerOf(state) !== 0) return false;
      if (Atomics.compareExchange(this.#locks, this.#line, state, mine) !== state) continue;
      this.#owned = true;
      if (!isHandedToUs) this.#repair();
      break;
    }
    this.#endClaim();
    return (this.#owned = true);
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
    if (waiter === undefined) return this.#passOn();
    if (this.#queue.size > 0 && this.#chainSeenMs === 0) {
      this.#chainSeenMs = performance.now();
      setImmediate(() => (this.#chainSeenMs = 0));
    }
    waiter.resolve(this.#guard(waiter.options, waiter));
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

  /** Whether this thread has had its time: while another one waits, or while its event loop could not turn. */
  #turnIsOver(): boolean {
    const nowMs = performance.now();
    if (this.#chainSeenMs !== 0 && nowMs - this.#chainSeenMs >= TURN_MS) return true;
    const next = this.#nextWaiting();
    if (next === -1 || next === this.#position) return false;
    if (this.#turnSeenMs === 0) this.#turnSeenMs = nowMs;
    return nowMs - this.#turnSeenMs >= TURN_MS;
  }

  /** Gives the lock to the next thread that waits, or frees it. This thread comes last, in a new turn of its loop. */
  #passOn(): void {
    this.#turnSeenMs = 0;
    if (this.#queue.size > 0) this.#stayWaiting();
    for (;;) {
      const next = this.#nextWaiting();
      if (next !== -1 && next !== this.#position) {
        if (this.#handOver(next)) return;
        continue;
      }
      this.#owned = false;
      Atomics.store(this.#locks, this.#line, 0);
      if (this.#queue.size > 0) this.#goOnSoon();
      // Somebody may have set a bit before the word was free and sleep by now: take the word back for them.
      const since = this.#nextWaiting();
      if (since === -1 || since === this.#position) return;
      if (Atomics.compareExchange(this.#locks, this.#line, 0, this.#mine) !== 0) return;
      this.#owned = true;
    }
  }

  #goOnSoon(): void {
    if (this.#goesOn) return;
    this.#goesOn = true;
    setImmediate(() => {
      this.#goesOn = false;
      this.#onRing();
    });
  }

  #nextWaiting(): number {
    return nextWaiting(this.#locks, this.#line, this.#position, this.#options.threads);
  }

  /** @returns whether the lock is no longer this thread's */
  #handOver(position: number): boolean {
    const { threads } = this.#options;
    const slot = threads.livingAt(position);
    if (slot === 0) return false;
    const isClaimed = isClaiming(this.#locks, this.#line, position);
    const handed = ownedBy(slot) | (isClaimed ? 0 : HANDED);
    this.#owned = false;
    this.#handedSeen = handed;
    Atomics.store(this.#locks, this.#line, handed);
    if (threads.livingAt(position) === slot) {
      threads.ring(position);
      if (this.#queue.size > 0) this.#lookLater(); // from now on: it gets all of the time
      return true;
    }
    // It died in between. Either main frees the word for us, or we take it back.
    if (Atomics.compareExchange(this.#locks, this.#line, handed, this.#mine) !== handed) return true;
    this.#owned = true;
    return false;
  }
}
