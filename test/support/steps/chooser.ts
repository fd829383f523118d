/**
 * Chooses who goes on in a step-scheduled run, and notes each choice with the state that it was made in.
 *
 * Two choices in the same state have the same future. The state is all shared memory, who sleeps in which order, and
 * each thread's history, that is, what its steps returned: a thread is a function of that as long as what it read from
 * plain memory is still there, or was put into its history too (`saw`). Where a thread says what of its history still
 * matters (`forget`, `keepsOnly`, a loop's head), the rest tells no states apart.
 *
 * Steps that no other thread can notice are not chosen at all: those on words that one thread alone accesses, or that
 * nobody writes. They commute with every step of the others, so their place among them makes no difference.
 *
 * @see Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems" (persistent sets)
 */
import * as at from './layout.ts';
import { MixedHash } from './mixed-hash.ts';

export const MAIN = -1;

export class Chooser {
  readonly #words: Int32Array;
  #shared: readonly Int32Array[] = [];
  readonly #hash = new MixedHash();

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** @param shared all memory that tells states apart */
  tellApartBy(shared: readonly Int32Array[]): void {
    this.#shared = shared;
  }

  /** @returns who goes on: a thread, or `MAIN` when the run is over */
  choose(): number {
    const words = this.#words;
    for (;;) {
      const { certain, possible } = this.#choices();
      const step = words[at.STEPS]!;
      if (words[at.OUTCOME] === at.Outcome.running && (certain === 0 || step === at.MAX_STEPS)) {
        words[at.OUTCOME] = this.#ending(certain);
      }
      if (words[at.OUTCOME] !== at.Outcome.running) return MAIN;
      const choice = this.#pick(step, certain, certain | possible);
      words[at.CHOSEN + step] = choice;
      words[at.ENABLED + step] = certain | possible;
      if (words[at.RANDOM] === 0) this.#noteState(step);
      words[at.STEPS] = step + 1;
      const thread = Math.trunc(choice / at.KINDS);
      const kind = choice % at.KINDS;
      if (kind === at.KILL) {
        this.#kill(thread);
        continue;
      }
      if (kind === at.TIMEOUT) words[at.TIMEOUTS_LEFT]! -= 1;
      words[at.threadAt(thread) + at.ACTION] = kind;
      words[at.CURRENT] = thread;
      return thread;
    }
  }

  /** What can happen: for certain, sooner or later; or only possibly. */
  #choices(): { certain: number; possible: number } {
    const words = this.#words;
    let certain = 0;
    let possible = 0;
    for (let thread = 0; thread < words[at.THREADS]!; thread++) {
      const isUnbegun = words[at.threadAt(thread) + at.STATUS] === at.Status.unbegun;
      if (isUnbegun) return { certain: 1 << (thread * at.KINDS + at.STEP), possible: 0 };
    }
    for (let thread = 0; thread < words[at.THREADS]!; thread++) {
      const mine = at.threadAt(thread);
      const first = thread * at.KINDS;
      const status = words[mine + at.STATUS];
      if (status === at.Status.gone) continue;
      const isIdle = status === at.Status.idle;
      if (isIdle) certain |= words[mine + at.EVENTS]! << (first + at.EVENT);
      const canStep =
        status === at.Status.ready ||
        (status === at.Status.waiting && words[mine + at.SYNC_SLEEP + 2] === 1) ||
        (isIdle && (words[mine + at.ASYNC_SLEEP + 2] === 1 || words[mine + at.TASKS]! > 0)) ||
        (status === at.Status.watching && words[at.UNBURIED] !== 0);
      if (canStep) certain |= 1 << (first + at.STEP);
      // Whoever was woken no longer times out; a timer of an event loop may still come before the ring.
      const timesOut = words[at.TIMEOUTS_LEFT]! > 0 && words[mine + at.MAY_TIME_OUT] === 1 && (!canStep || isIdle);
      if (timesOut) possible |= 1 << (first + at.TIMEOUT);
      const mayDie = words[at.KILLS_LEFT]! > 0 && ((words[at.KILLABLE]! >>> thread) & 1) === 1;
      if (mayDie) possible |= 1 << (first + at.KILL);
    }
    return { certain, possible };
  }

  #ending(certain: number): number {
    if (certain !== 0) return at.Outcome.endless;
    for (let thread = 0; thread < this.#words[at.THREADS]!; thread++) {
      const mine = at.threadAt(thread);
      const status = this.#words[mine + at.STATUS];
      const isThrough =
        status === at.Status.gone || status === at.Status.watching || this.#words[mine + at.FINISHED] === 1;
      if (!isThrough) return at.Outcome.stuck;
    }
    return at.Outcome.done;
  }

  #pick(step: number, certain: number, enabled: number): number {
    const words = this.#words;
    if (step < words[at.PREFIX]!) return words[at.PREFIX_CHOICES + step]!;
    if (words[at.RANDOM] === 0) {
      const same = words[at.CURRENT]! * at.KINDS + at.STEP;
      return ((certain >>> same) & 1) === 1 ? same : lowest(certain);
    }
    // What merely may happen is rare, or no run would get far.
    let rest = this.#random(16) === 0 ? enabled : certain;
    for (let skip = this.#random(countBits(rest)); skip > 0; skip--) rest &= rest - 1;
    return lowest(rest);
  }

  #random(below: number): number {
    let word = this.#words[at.RANDOM]!;
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    this.#words[at.RANDOM] = word;
    return (Math.imul(word, 0x2c1b3c6d) >>> 8) % below;
  }

  #noteState(step: number): void {
    const words = this.#words;
    const hash = this.#hash.start();
    hash.add(words[at.KILLS_LEFT]!).add(words[at.TIMEOUTS_LEFT]!).add(words[at.UNBURIED]!);
    for (let thread = 0; thread < words[at.THREADS]!; thread++) {
      const mine = at.threadAt(thread);
      hash
        .add(words[mine + at.STATUS]!)
        .add(words[mine + at.HISTORY]!)
        .add(words[mine + at.HISTORY + 1]!);
      for (const sleep of [mine + at.SYNC_SLEEP, mine + at.ASYNC_SLEEP]) {
        hash
          .add(words[sleep]!)
          .add(words[sleep] === 0 ? 0 : this.#rank(words[sleep + 1]!))
          .add(words[sleep + 2]!);
      }
    }
    for (const memory of this.#shared) for (const word of memory) hash.add(word);
    words[at.STATES + 2 * step] = hash.low;
    words[at.STATES + 2 * step + 1] = hash.high;
  }

  /** How many fell asleep before. */
  #rank(ticket: number): number {
    let rank = 0;
    for (let thread = 0; thread < this.#words[at.THREADS]!; thread++) {
      const mine = at.threadAt(thread);
      for (const sleep of [mine + at.SYNC_SLEEP, mine + at.ASYNC_SLEEP]) {
        if (this.#words[sleep] !== 0 && this.#words[sleep + 1]! < ticket) rank += 1;
      }
    }
    return rank;
  }

  #kill(thread: number): void {
    const mine = at.threadAt(thread);
    this.#words.fill(0, mine + at.MAY_TIME_OUT, mine + at.HISTORY + 2); // neither sleeps nor has a history any more
    this.#words[mine + at.STATUS] = at.Status.gone;
    this.#words[at.KILLS_LEFT]! -= 1;
    this.#words[at.UNBURIED]! |= 1 << thread;
    this.#words[at.KILLED]! |= 1 << thread;
  }
}

function lowest(set: number): number {
  return 31 - Math.clz32(set & -set);
}

function countBits(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
