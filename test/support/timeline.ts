import { type CounterOperation, settledAtMs } from './history.ts';

/** What may come next: the operations called before the first outstanding answer. */
export interface Window {
  /** Indexes, in the order of the calls. */
  readonly called: readonly number[];
  /** The operation whose answer is due first; undefined when no answer is outstanding. */
  readonly due: number | undefined;
}

/**
 * The calls and answers of a history in the order of time, from which operations are taken and put back: a doubly
 * linked list, so both cost nothing however long the history is.
 *
 * Entry 2i of the list is the call of operation i, entry 2i + 1 its answer. The end is the head too: a ring.
 */
export class Timeline {
  readonly operations: readonly CounterOperation[];
  /** By index: 1 for an operation that is taken. */
  readonly taken: Uint8Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #rank: Int32Array; // an entry's place in time
  readonly #end: number;

  /** @param operations answered ones, in the order of their calls */
  constructor(operations: readonly CounterOperation[]) {
    this.operations = operations;
    this.taken = new Uint8Array(operations.length);
    this.#end = 2 * operations.length;
    this.#next = new Int32Array(this.#end + 1);
    this.#previous = new Int32Array(this.#end + 1);
    this.#rank = new Int32Array(this.#end);

    const times = operations.flatMap((operation) => [operation.calledAtMs, settledAtMs(operation)]);
    const entries = Array.from(times, (_, entry) => entry);
    // At the same instant calls go first: clocks are too coarse to say that one operation ended before the other.
    entries.sort((a, b) => times[a]! - times[b]! || (a & 1) - (b & 1) || a - b);
    let previous = this.#end;
    for (const [rank, entry] of entries.entries()) {
      this.#rank[entry] = rank;
      this.#link(previous, entry);
      previous = entry;
    }
    this.#link(previous, this.#end);
  }

  get window(): Window {
    const called: number[] = [];
    let entry = this.#next[this.#end]!;
    for (; isCall(entry) && entry !== this.#end; entry = this.#next[entry]!) called.push(entry >> 1);
    return { called, due: entry === this.#end ? undefined : entry >> 1 };
  }

  /** A number that is smaller the earlier the operation was answered. */
  answerRank(index: number): number {
    return this.#rank[2 * index + 1]!;
  }

  /** The operations before `index` that are not taken. */
  leftBefore(index: number): number[] {
    const left: number[] = [];
    let entry = this.#next[this.#end]!;
    for (; entry !== this.#end && entry >> 1 < index; entry = this.#next[entry]!) {
      if (isCall(entry)) left.push(entry >> 1);
    }
    return left;
  }

  take(index: number): void {
    this.taken[index] = 1;
    this.#unlink(2 * index);
    this.#unlink(2 * index + 1);
  }

  /** Undoes the latest `take`. Unlinked entries still know their neighbours, so the reverse order restores the list. */
  putBack(index: number): void {
    this.taken[index] = 0;
    this.#relink(2 * index + 1);
    this.#relink(2 * index);
  }

  #link(before: number, after: number): void {
    this.#next[before] = after;
    this.#previous[after] = before;
  }

  #unlink(entry: number): void {
    this.#link(this.#previous[entry]!, this.#next[entry]!);
  }

  #relink(entry: number): void {
    this.#next[this.#previous[entry]!] = entry;
    this.#previous[this.#next[entry]!] = entry;
  }
}

const isCall = (entry: number) => (entry & 1) === 0;
