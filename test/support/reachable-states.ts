import type { CounterState } from './counter-model.ts';
import { type CounterCall, type CounterOperation, settledAtMs } from './history.ts';

/** What a search has taken so far, as far as it matters here. */
export interface Progress {
  readonly state: CounterState;
  /** By index: whether an answered operation has been taken. */
  readonly taken: Uint8Array;
  /** No answered operation before this index is left. */
  readonly firstLeft: number;
  /** The unanswered operations that are left. */
  readonly unanswered: readonly CounterOperation[];
}

/** Sums looked at before it is simply assumed that unanswered increments can add up to what is needed. */
const MAX_SUMS = 512;

/**
 * Sees dead ends early: an operation whose answer needs a state that the counter does not have, and that nothing
 * left could give it in time. Errs on the safe side, so a search that turns back where it says so misses nothing.
 */
export class ReachableStates {
  readonly #answered: readonly CounterOperation[];
  /** Answered operations by the state they leave behind, in the order of their calls. */
  readonly #leavingBehind = new Map<CounterState, number[]>();

  constructor(answered: readonly CounterOperation[]) {
    this.#answered = answered;
    for (const [index, operation] of answered.entries()) {
      const left = leftBehind(operation);
      if (left === 'as it was') continue;
      const others = this.#leavingBehind.get(left);
      if (others) others.push(index);
      else this.#leavingBehind.set(left, [index]);
    }
  }

  /** Whether each of the operations can still be explained before its answer is due. */
  canExplainAll(indexes: readonly number[], progress: Progress): boolean {
    const sums = sumsOf(progress.unanswered);
    return indexes.every((index) => {
      const operation = this.#answered[index]!;
      const needed = neededBefore(operation);
      if (needed === 'any' || needed.includes(progress.state) || sums === 'too many') return true;
      const dueMs = settledAtMs(operation);
      return needed.some((state) => this.#canReach(state, sums, dueMs, progress));
    });
  }

  /** Whether something left leads to `needed`, by itself or with unanswered increments after it. */
  #canReach(needed: CounterState, sums: ReadonlySet<number>, dueMs: number, progress: Progress): boolean {
    const { unanswered } = progress;
    if (needed === undefined) {
      return unanswered.some(({ call }) => call.kind === 'delete') || this.#isLeftBehind(undefined, dueMs, progress);
    }
    for (const sum of sums) {
      const state = needed - sum;
      if (state === (progress.state ?? 0) || this.#isLeftBehind(state, dueMs, progress)) return true;
      if (unanswered.some(({ call }) => sets(call) && call.value === state)) return true;
      if (state === 0 && this.#canReach(undefined, sums, dueMs, progress)) return true;
    }
    return false;
  }

  /** Whether an answered operation that is left, and called in time, leaves `state` behind. */
  #isLeftBehind(state: CounterState, dueMs: number, { taken, firstLeft }: Progress): boolean {
    const indexes = this.#leavingBehind.get(state) ?? [];
    for (let at = lowerBound(indexes, firstLeft); at < indexes.length; at++) {
      const index = indexes[at]!;
      if (this.#answered[index]!.calledAtMs > dueMs) return false;
      if (!taken[index]) return true;
    }
    return false;
  }
}

/** Everything that some of the unanswered increments can add up to. */
function sumsOf(unanswered: readonly CounterOperation[]): ReadonlySet<number> | 'too many' {
  let sums = new Set([0]);
  for (const { call } of unanswered) {
    if (call.kind === 'increment') sums = new Set([...sums].flatMap((sum) => [sum, sum + call.by]));
    if (sums.size > MAX_SUMS) return 'too many';
  }
  return sums;
}

function sets(call: CounterCall): call is CounterCall & { readonly value: number } {
  return call.kind === 'compare-and-set' || call.kind === 'write';
}

function leftBehind({ call, answer }: CounterOperation): CounterState | 'as it was' {
  if (call.kind === 'read') return 'as it was';
  if (answer.is === 'deleted') return undefined;
  return answer.is === 'value' ? answer.value : 'as it was';
}

/** The states in which the answer is right; `any` where there are too many to list. */
function neededBefore({ call, answer }: CounterOperation): readonly CounterState[] | 'any' {
  if (answer.is === 'missing') return [undefined];
  if (!('value' in answer) || call.kind === 'write') return 'any';
  if (call.kind === 'read') return [answer.value];
  const before = call.kind === 'increment' ? answer.value - call.by : answer.value;
  const found = call.kind === 'compare-and-set' && answer.is === 'value' ? call.expected : before;
  // To a write, a counter that does not exist holds 0.
  return found === 0 ? [0, undefined] : [found];
}

function lowerBound(sorted: readonly number[], least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
