/**
 * What each thread knows, as a hash on the board: its history, that is, what its steps returned; or less, where it is
 * told what of that matters.
 */
import * as at from './layout.ts';
import { MixedHash } from './mixed-hash.ts';

export type History = readonly [low: number, high: number];

export class Histories {
  readonly #words: Int32Array;
  readonly #hash = new MixedHash();

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Adds what a thread did, and what came of it unless nobody can know. */
  remember(thread: number, act: at.Act, result: number | undefined, location = 0): void {
    const what = at.ACTS.indexOf(act) | (location << 8);
    const step = at.DONE + 2 * (this.#words[at.STEPS]! - 1);
    this.#words[step] = what;
    this.#words[step + 1] = result ?? 0;
    const [low, high] = this.of(thread);
    this.#set(
      thread,
      this.#hash
        .start(low, high)
        .add(what)
        .add(result ?? 0),
    );
  }

  of(thread: number): History {
    const mine = at.threadAt(thread) + at.HISTORY;
    return [this.#words[mine]!, this.#words[mine + 1]!];
  }

  /** What a thread did since it had that history matters only in as far as `here` says so. */
  returnTo(thread: number, [low, high]: History, here: number): void {
    this.#set(thread, this.#hash.start(low, high).add(here));
  }

  /** All that a thread knows is what it says here. */
  become(thread: number, knows: Iterable<number>): void {
    const hash = this.#hash.start();
    for (const word of knows) hash.add(word);
    this.#set(thread, hash);
  }

  #set(thread: number, { low, high }: MixedHash): void {
    const mine = at.threadAt(thread) + at.HISTORY;
    this.#words[mine] = low;
    this.#words[mine + 1] = high;
  }
}
