/**
 * The board of a step-scheduled run: shared memory that says where each thread stands, who may go on, and which
 * choices were made. Exactly one thread runs at a time, the one that was given the baton; at its next gate it chooses
 * who goes on, itself included, and hands the baton over. So a run is a sequence of choices and nothing else.
 */
import { Chooser, MAIN } from './chooser.ts';
import { Histories } from './histories.ts';
import * as at from './layout.ts';

// The module under test gets gated Atomics later; the board keeps the real ones.
const atomics = Atomics;
/** Looks before a thread sleeps until it gets the baton: about as long as another thread's step. */
const SPINS = 300;

/** Thrown at a gate once the run is over: nothing that the thread still does counts. */
export class Unwind extends Error {}

export interface Setup {
  readonly threads: number;
  /** Threads that may be killed, and which as a bit mask. */
  readonly kills: number;
  readonly killable: number;
  /** Waits and timers that may run out. */
  readonly timeouts: number;
  /** Of the random choices; 0 follows `prefix` and then disturbs nobody. */
  readonly seed: number;
  readonly prefix: readonly number[];
}

export type Sleep = typeof at.SYNC_SLEEP | typeof at.ASYNC_SLEEP;

export class Board {
  static readonly bytes = at.BOARD_BYTES;
  readonly history: Histories;
  readonly #words: Int32Array;
  readonly #text: Buffer;
  readonly #chooser: Chooser;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.history = new Histories(this.#words);
    this.#text = Buffer.from(memory, at.TEXT * 4, at.TEXT_BYTES);
    this.#chooser = new Chooser(this.#words);
  }

  /** @param shared all memory that tells states apart */
  tellApartBy(shared: readonly Int32Array[]): void {
    this.#chooser.tellApartBy(shared);
  }

  // Main's side.

  /** Has each of the threads load what `text` says. @returns once all have */
  load(threads: number, text: string, timeoutMs: number): void {
    this.#words[at.TEXT_LENGTH] = this.#text.write(text);
    this.#words[at.LOADING] = 1;
    for (let thread = 0; thread < threads; thread++) {
      this.pass(thread);
      this.awaitBaton(MAIN, timeoutMs);
    }
    this.#words[at.LOADING] = 0;
  }

  prepare({ threads, kills, killable, timeouts, seed, prefix }: Setup): void {
    const words = this.#words;
    words.fill(0, 0, at.BATONS);
    words.fill(0, at.threadAt(0), at.CHOSEN);
    for (let thread = 0; thread < threads; thread++) this.setStatus(thread, at.Status.unbegun);
    words[at.THREADS] = threads;
    words[at.KILLS_LEFT] = kills;
    words[at.KILLABLE] = killable;
    words[at.TIMEOUTS_LEFT] = timeouts;
    words[at.RANDOM] = seed === 0 ? 0 : Math.imul(seed, 0x9e3779b1) | 1;
    words[at.PREFIX] = prefix.length;
    words.set(prefix, at.PREFIX_CHOICES);
    words.fill(0, at.DONE, at.ACCESS);
  }

  /** Lets every thread that is not back at its start throw `Unwind`; main waits for each. */
  unwind(timeoutMs: number): void {
    this.#words[at.UNWINDING] = 1;
    for (let thread = 0; thread < this.#words[at.THREADS]!; thread++) {
      const wasKilled = ((this.#words[at.KILLED]! >>> thread) & 1) === 1;
      if (this.#words[at.threadAt(thread) + at.STATUS] === at.Status.gone && !wasKilled) continue;
      this.pass(thread);
      this.awaitBaton(MAIN, timeoutMs);
    }
  }

  /** Forgets which words threads were seen to share. */
  forgetAccess(): void {
    this.#words.fill(0, at.ACCESS, at.TEXT);
  }

  /** Whether the last run found one more word that threads share, so that its steps count from now on. */
  get foundShared(): boolean {
    return this.#words[at.FOUND_SHARED] === 1;
  }

  get outcome(): at.OutcomeCode {
    return this.#words[at.OUTCOME] as at.OutcomeCode;
  }

  get steps(): number {
    return this.#words[at.STEPS]!;
  }

  get text(): string {
    return this.#text.toString('utf8', 0, this.#words[at.TEXT_LENGTH]);
  }

  chosen(step: number): number {
    return this.#words[at.CHOSEN + step]!;
  }

  enabled(step: number): number {
    return this.#words[at.ENABLED + step]!;
  }

  /** What came of a choice: `compareExchange 0 → 8`. */
  done(step: number): string {
    const what = this.#words[at.DONE + 2 * step]!;
    return `${at.ACTS[what & 0xff]} ${what >>> 8} → ${this.#words[at.DONE + 2 * step + 1]}`;
  }

  /** The state in which a choice was made, as a number of 53 bits. */
  state(step: number): number {
    const state = at.STATES + 2 * step;
    return (this.#words[state]! >>> 0) * 2 ** 21 + (this.#words[state + 1]! >>> 11);
  }

  // The baton.

  pass(to: number): void {
    atomics.store(this.#words, at.BATONS + to + 1, 1);
    atomics.notify(this.#words, at.BATONS + to + 1);
  }

  awaitBaton(me: number, timeoutMs = Infinity): void {
    const word = at.BATONS + me + 1;
    for (let spin = 0; spin < SPINS; spin++) if (atomics.load(this.#words, word) === 1) break;
    while (atomics.exchange(this.#words, word, 0) === 0) {
      const woken = atomics.wait(this.#words, word, 0, timeoutMs);
      if (woken === 'timed-out') throw new Error('a thread did not give the baton back');
    }
  }

  get isLoading(): boolean {
    return this.#words[at.LOADING] === 1;
  }

  get isUnwinding(): boolean {
    return this.#words[at.UNWINDING] === 1;
  }

  /** @returns who goes on: a thread, or `MAIN` when the run is over */
  choose(): number {
    return this.#chooser.choose();
  }

  // A thread's side; only whoever has the baton calls these.

  setStatus(thread: number, status: number): void {
    this.#words[at.threadAt(thread) + at.STATUS] = status;
  }

  /**
   * Notes that a thread accesses a word. A step on a word that only one thread ever accesses, or that nobody ever
   * writes, is no step that others can notice: an exploration needs no choice before it. A random run has one all the
   * same, so that a seed means the same run whatever was explored before.
   *
   * @returns whether it counts as a step
   */
  access(thread: number, location: number, writes: boolean): boolean {
    const word = at.ACCESS + location;
    const before = this.#words[word]!;
    const after = before | (1 << thread) | (writes ? at.WRITTEN : 0);
    const accessors = after & (at.WRITTEN - 1);
    const isShared = (after & at.WRITTEN) !== 0 && (accessors & (accessors - 1)) !== 0;
    if (isShared && (before & at.SHARED) === 0) this.#words[at.FOUND_SHARED] = 1;
    this.#words[word] = after | (isShared ? at.SHARED : 0);
    return isShared || this.#words[at.RANDOM] !== 0;
  }

  finish(thread: number): void {
    this.#words[at.threadAt(thread) + at.FINISHED] = 1;
  }

  actionOf(thread: number): number {
    return this.#words[at.threadAt(thread) + at.ACTION]!;
  }

  /** What may happen to a thread besides its next step. */
  offer(thread: number, offers: { timeout: boolean; events: number; tasks: number }): void {
    const mine = at.threadAt(thread);
    this.#words[mine + at.MAY_TIME_OUT] = offers.timeout ? 1 : 0;
    this.#words[mine + at.EVENTS] = offers.events;
    this.#words[mine + at.TASKS] = offers.tasks;
  }

  sleep(thread: number, location: number, kind: Sleep): void {
    const sleep = at.threadAt(thread) + kind;
    this.#words[sleep] = location + 1;
    this.#words[sleep + 1] = ++this.#words[at.TICKET]!;
    this.#words[sleep + 2] = 0;
  }

  forgetSleep(thread: number, kind: Sleep): void {
    const sleep = at.threadAt(thread) + kind;
    this.#words.fill(0, sleep, sleep + 3);
  }

  /** Wakes up to `count` sleepers, in the order in which they fell asleep. @returns how many */
  wake(location: number, count: number): number {
    for (let woken = 0; ; woken++) {
      let first = 0;
      for (let thread = 0; thread < this.#words[at.THREADS]!; thread++) {
        for (const kind of [at.SYNC_SLEEP, at.ASYNC_SLEEP]) {
          const sleep = at.threadAt(thread) + kind;
          if (this.#words[sleep] !== location + 1 || this.#words[sleep + 2] === 1) continue;
          if (first === 0 || this.#words[sleep + 1]! < this.#words[first + 1]!) first = sleep;
        }
      }
      if (first === 0 || woken >= count) return woken;
      this.#words[first + 2] = 1;
    }
  }

  /** A killed thread that nobody has taken yet; −1 when there is none. */
  takeDead(): number {
    const dead = 31 - Math.clz32(this.#words[at.UNBURIED]!);
    if (dead >= 0) this.#words[at.UNBURIED]! &= ~(1 << dead);
    return dead;
  }

  fail(text: string): void {
    this.#words[at.TEXT_LENGTH] = this.#text.write(text);
    this.#words[at.OUTCOME] = at.Outcome.violation;
  }

  /** Nothing that the thread did so far matters to what it does from here on. */
  forgetHistory(thread: number, here: number): void {
    this.#words.fill(here, at.threadAt(thread) + at.HISTORY, at.threadAt(thread) + at.HISTORY + 2);
  }
}
