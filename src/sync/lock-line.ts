/**
 * One lock is one cache line of shared memory, whichever mutex runs on it, so that the main thread can release
 * what a dead thread held without knowing what the lock guards.
 *
 * ```
 * word 0   state: owner's slot << 4 | HANDED | POISONED | DIED | CONTENDED   (slot 0: nobody owns it)
 * word 1   bit per thread position 0–31 that has asynchronous waiters
 * word 2   the same for positions 32–63
 * word 3   how often a next owner repaired what a dead one left
 * word 4   bit per thread position 0–31 that claims what it is handed next; see `AsyncMutex`
 * word 5   the same for positions 32–63
 * ```
 *
 * Ordering: `Atomics` is sequentially consistent, and the state word alone decides who owns the lock. `abandon` runs
 * on main after the thread's `exit` event, so everything the dead thread wrote is visible to the next owner, which
 * reads the word that `abandon` wrote.
 */
import { MAX_THREADS, type Slot, ThreadTable } from './thread-table.ts';

/** 32-bit words of one lock: a cache line, since locks of different threads must not share one. */
export const LOCK_WORDS = 16;
export const LOCK_BYTES = LOCK_WORDS * 4;

/**
 * Longest wait for a lock that is held for a few stores and taken last (a pool's, a mailbox's permits): far beyond any
 * user's patience, because giving up there would leave a change half-done. A dead holder is freed by main at once.
 */
export const LEAF_TIMEOUT_MS = 30_000;

export const WAITING = 1;
export const REPAIRS = 3;
export const CLAIMING = 4;

/** Somebody is parked, or was: the release must wake one. */
export const CONTENDED = 0b001;
/** The last owner died while it held the lock: the next one repairs before it goes on. */
export const DIED = 0b010;
/** The guarded state was left half-changed and could not be repaired: nobody may own the lock. */
export const POISONED = 0b100;
/** An asynchronous lock that was handed over, and not yet taken: another thread may take it instead. */
export const HANDED = 0b1000;

/** The state word of a lock that `slot` owns. */
export function ownedBy(slot: Slot): number {
  return slot << 4;
}

/** The slot that owns the lock, 0 when nobody does. */
export function ownerOf(state: number): Slot {
  return state >>> 4;
}

/** Says that the thread at `position` has, or no longer has, asynchronous waiters on the lock at `line`. */
export function setWaiting(locks: Int32Array, line: number, position: number, waiting: boolean): void {
  setBit(locks, line + WAITING, position, waiting);
}

export function isWaiting(locks: Int32Array, line: number, position: number): boolean {
  return hasBit(locks, line + WAITING, position);
}

/** Says that nobody may take from the thread at `position` what it is handed, or that anybody may. */
export function setClaiming(locks: Int32Array, line: number, position: number, claiming: boolean): void {
  setBit(locks, line + CLAIMING, position, claiming);
}

export function isClaiming(locks: Int32Array, line: number, position: number): boolean {
  return hasBit(locks, line + CLAIMING, position);
}

/**
 * The first position after `from`, going round, whose living thread has asynchronous waiters; −1 when none has.
 * `from` itself comes last. A bit of a dead thread counts for nothing; main clears it.
 */
export function nextWaiting(locks: Int32Array, line: number, from: number, threads: ThreadTable): number {
  const low = Atomics.load(locks, line + WAITING);
  const high = Atomics.load(locks, line + WAITING + 1);
  if ((low | high) === 0) return -1;
  const later = firstWaiting(low, high, from + 1, MAX_THREADS, threads);
  return later === -1 ? firstWaiting(low, high, 0, from + 1, threads) : later;
}

/**
 * Rings every living thread with asynchronous waiters once: in one lap of the positions, beginning after `from`. Who no
 * longer waits when the lap comes by is left out; a lap that ended where it began would never end, should the first
 * one stop waiting meanwhile.
 */
export function ringWaiting(words: Int32Array, line: number, from: number, threads: ThreadTable): void {
  let reached = 0;
  for (let position = from; ;) {
    position = nextWaiting(words, line, position, threads);
    const distance = ((position - from + MAX_THREADS - 1) % MAX_THREADS) + 1;
    if (position === -1 || distance <= reached) return;
    reached = distance;
    threads.ring(position);
  }
}

/** The first living position from `least` to below `end` whose bit is set; −1 when there is none. */
function firstWaiting(low: number, high: number, least: number, end: number, threads: ThreadTable): number {
  for (let position = least; ; position++) {
    if (position < 32) position = lowestBit(low & (-1 << position));
    if (position >= 32 && position < MAX_THREADS) position = 32 + lowestBit(high & (-1 << (position - 32)));
    if (position >= end) return -1;
    if (threads.livingAt(position) !== 0) return position;
  }
}

function setBit(locks: Int32Array, first: number, position: number, value: boolean): void {
  const bit = 1 << (position & 31);
  if (value) Atomics.or(locks, first + (position >>> 5), bit);
  else Atomics.and(locks, first + (position >>> 5), ~bit);
}

function hasBit(locks: Int32Array, first: number, position: number): boolean {
  return (Atomics.load(locks, first + (position >>> 5)) & (1 << (position & 31))) !== 0;
}

/** Number of the lowest bit that is set; 32 when none is. */
function lowestBit(bits: number): number {
  return bits === 0 ? 32 : 31 - Math.clz32(bits & -bits);
}

/**
 * Frees every lock that a dead thread holds, marks it for repair, and wakes all who wait: more than one, since a woken
 * waiter may die too. Called by main once the thread of `slot` is gone and has left the thread table.
 *
 * It frees what any dead slot holds, not only this one: `slot` may have handed a lock to a thread that was buried
 * before, and died before it could see that and take the lock back. So whoever locks must be in the table: a slot that
 * never entered counts as dead. What a dead thread was handed and never took needs no repair.
 *
 * @returns how many locks were held by the dead
 */
export function abandon(locks: Int32Array, slot: Slot, threads: ThreadTable): number {
  let held = 0;
  for (let line = 0; line < locks.length; line += LOCK_WORDS) {
    setWaiting(locks, line, ThreadTable.positionOf(slot), false);
    setClaiming(locks, line, ThreadTable.positionOf(slot), false);
    let state = Atomics.load(locks, line);
    while (isDead(ownerOf(state), threads)) {
      const isHeld = (state & HANDED) === 0;
      const freed = isHeld ? DIED : 0;
      const seen = Atomics.compareExchange(locks, line, state, freed);
      if (seen === state && isHeld) held += 1;
      state = seen === state ? freed : seen;
    }
    Atomics.notify(locks, line);
  }
  threads.ringAll();
  return held;
}

function isDead(slot: Slot, threads: ThreadTable): boolean {
  return slot !== 0 && threads.livingAt(ThreadTable.positionOf(slot)) !== slot;
}
