/**
 * Who takes part: one cache line of shared memory per thread position, with the thread's wake word and the slot of the
 * thread that lives there now. A slot names one life of a thread and is never given out again; its position is.
 *
 * ```
 * word 0   wake word: changes whenever somebody rings this position
 * word 1   slot of the thread that lives here, 0 while nobody does
 * word 2   1 once that thread serves
 * word 3   at position 0: how many threads have left
 * ```
 */

/** One life of one thread. 0 is nobody. */
export type Slot = number;

/** Threads that can take part at a time. */
export const MAX_THREADS = 64;

const LINE_WORDS = 16;
const WAKE = 0;
const LIVING = 1;
const SERVING = 2;
const DEPARTURES = 3;

export class ThreadTable {
  static readonly bytes = MAX_THREADS * LINE_WORDS * 4;
  readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  /** The slot of the given life (0, 1, 2 …) at a position. */
  static slot(position: number, life: number): Slot {
    return life * MAX_THREADS + position + 1;
  }

  /** Whether a slot is the first life at its position. */
  static isFirstLife(slot: Slot): boolean {
    return slot <= MAX_THREADS;
  }

  /** Numbers above this are greater than any that an earlier life at the same position gave, and exact. */
  static firstNumber(slot: Slot): number {
    return Math.floor((slot - 1) / MAX_THREADS) * 2 ** 32;
  }

  static positionOf(slot: Slot): number {
    return (slot - 1) % MAX_THREADS;
  }

  /** Main announces a thread before it starts it. */
  enter(slot: Slot): void {
    Atomics.store(this.words, ThreadTable.positionOf(slot) * LINE_WORDS + LIVING, slot);
  }

  /** Main removes a dead thread, before it frees what the thread held: from here on nothing is handed to it. */
  leave(slot: Slot): void {
    const line = ThreadTable.positionOf(slot) * LINE_WORDS;
    Atomics.store(this.words, line + SERVING, 0);
    Atomics.compareExchange(this.words, line + LIVING, slot, 0);
    Atomics.add(this.words, DEPARTURES, 1);
  }

  /** How many threads have left; goes round at 2^32. While it stays the same, nobody new is dead. */
  get departures(): number {
    return Atomics.load(this.words, DEPARTURES);
  }

  /** The slot that lives at a position, 0 when nobody does. */
  livingAt(position: number): Slot {
    return Atomics.load(this.words, position * LINE_WORDS + LIVING);
  }

  markServing(slot: Slot): void {
    Atomics.store(this.words, ThreadTable.positionOf(slot) * LINE_WORDS + SERVING, 1);
  }

  isServing(position: number): boolean {
    return Atomics.load(this.words, position * LINE_WORDS + SERVING) === 1;
  }

  /** How many of the first `positions` threads serve. */
  serving(positions: number): number {
    let count = 0;
    for (let at = 0; at < positions; at++) count += Atomics.load(this.words, at * LINE_WORDS + SERVING);
    return count;
  }

  /** Index in `words` of a position's wake word. */
  wakeWord(position: number): number {
    return position * LINE_WORDS + WAKE;
  }

  /** Wakes the thread at `position`, if it sleeps. A hint: whoever wakes looks for itself what there is to do. */
  ring(position: number): void {
    const word = this.wakeWord(position);
    Atomics.add(this.words, word, 1);
    Atomics.notify(this.words, word);
  }

  ringAll(): void {
    for (let position = 0; position < MAX_THREADS; position++) this.ring(position);
  }
}
