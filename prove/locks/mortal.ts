/**
 * A thread of a kill run, as it sees itself: it stays where its killer wants it, and says how long it waited while
 * others died.
 */
import { type Random, seededRandom } from '../../src/random.ts';
import { LOCK_WORDS, ownerOf } from '../../src/sync/lock-line.ts';
import type { Post } from '../../test/support/crew-worker.ts';
import { type KillParams, waitsOf } from './kind.ts';
import * as notes from './kill-notes.ts';

// The modules under test get gated Atomics; this one keeps the real ones.
const atomics = Atomics;
const STEPS = ['load', 'store', 'exchange', 'add', 'sub', 'and', 'or', 'compareExchange', 'notify'] as const;

export class Mortal {
  readonly post: Post;
  readonly random: Random;
  readonly hangMs: number;
  readonly #words: Int32Array;
  readonly #waits: Float32Array;
  #isHolding: () => boolean = () => false;
  #stepsLeft: number | undefined;

  constructor(post: Post, { seed, hangMs }: KillParams) {
    this.post = post;
    this.random = seededRandom(seed ^ Math.imul(post.slot, 0x9e3779b1));
    this.hangMs = hangMs;
    this.#words = post.memory.notes;
    this.#waits = waitsOf(post.memory.data);
    atomics.add(this.#words, notes.BEGUN, 1);
    atomics.notify(this.#words, notes.BEGUN);
  }

  /** Whether the run is not over yet; blocks while a thread is being started. */
  goesOn(): boolean {
    atomics.wait(this.#words, notes.REST, 1, this.hangMs);
    return atomics.load(this.#words, notes.STOP) === 0;
  }

  /** The same, with the event loop free: what this thread has begun goes on. */
  async goesOnTurning(): Promise<boolean> {
    await atomics.waitAsync(this.#words, notes.REST, 1).value;
    return atomics.load(this.#words, notes.STOP) === 0;
  }

  count(word: number, by = 1): number {
    return atomics.add(this.#words, word, by);
  }

  note(word: number, value: number): void {
    atomics.store(this.#words, word, value);
  }

  noted(word: number): number {
    return atomics.load(this.#words, word);
  }

  /** From now on this thread can be made to stay before any atomic step that it takes while `isHolding`. */
  stayWhile(isHolding: () => boolean): void {
    this.#isHolding = isHolding;
    const gated: Record<string, unknown> = {};
    for (const name of Object.getOwnPropertyNames(atomics)) gated[name] = atomics[name as 'load'];
    for (const name of STEPS) {
      const perform = atomics[name] as (...args: unknown[]) => unknown;
      gated[name] = (...args: unknown[]) => {
        this.step();
        return perform(...args);
      };
    }
    Object.defineProperty(globalThis, 'Atomics', { value: gated });
  }

  /** Whether this thread owns one of the locks from `first` to before `end`. */
  owns(first: number, end: number): boolean {
    const { locks } = this.post.memory;
    for (let lock = first; lock < end; lock++) {
      if (ownerOf(atomics.load(locks, lock * LOCK_WORDS)) === this.post.slot) return true;
    }
    return false;
  }

  /** A step of its own, where there is no atomic one. */
  step(): void {
    if (!this.#isVictim) return;
    const point = atomics.load(this.#words, notes.POINT);
    if (point < notes.FIRST_STEP || !this.#isHolding()) return;
    this.#stepsLeft ??= point - notes.FIRST_STEP;
    if (this.#stepsLeft-- === 0) this.#stay();
  }

  /** Goes no further, when this thread is to be killed at this named point. */
  at(point: number): void {
    if (this.isVictimAt(point)) this.#stay();
  }

  isVictimAt(point: number): boolean {
    return this.#isVictim && atomics.load(this.#words, notes.POINT) === point;
  }

  signalStaying(): void {
    atomics.store(this.#words, notes.STAYING, this.post.slot);
    atomics.notify(this.#words, notes.STAYING);
  }

  /** A wait begins. @returns what `waited` wants to know */
  get deaths(): number {
    return atomics.load(this.#words, notes.DEATHS);
  }

  /** A wait has ended; it counts if it met a death. */
  waited(deathsBefore: number, elapsedMs: number): void {
    if (this.deaths === deathsBefore) return;
    this.#waits[atomics.add(this.#words, notes.WAITS, 1) % this.#waits.length] = elapsedMs;
  }

  get #isVictim(): boolean {
    return atomics.load(this.#words, notes.VICTIM) === this.post.slot;
  }

  #stay(): void {
    this.signalStaying();
    atomics.wait(this.#words, notes.STAYING, this.post.slot, this.hangMs);
  }
}
