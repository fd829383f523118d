import { apply, type CounterState, sameAnswer } from './counter-model.ts';
import { type CounterOperation, type History, settledAtMs } from './history.ts';
import { ReachableStates } from './reachable-states.ts';
import { Timeline, type Window } from './timeline.ts';

/**
 * Looks for an order of one counter's operations that respects real time and explains every answer.
 *
 * The search is Wing & Gong's: whatever was called before the first outstanding answer may come next; take one,
 * go on, and step back when an answer cannot be explained. Lowe's memo keeps it from visiting a configuration (the
 * set of operations taken, and the value) twice. Four observations keep hot keys cheap, and lose nothing:
 *
 * - A read, and whatever else can never change anything, is taken at once, alone, where its answer fits: in any
 *   solution that takes it later it can be moved to this point. (An increment by 0 is not one: it may create.)
 * - The operations not yet taken, among those called before the last one taken, all overlap that one. So they name a
 *   configuration in as many numbers as there are concurrent clients, however long the history.
 * - Two answered operations that lead from here to the same state can stand in for each other, so the one whose
 *   answer is due first goes first. An unanswered one waits for an answered one in the same way, and unanswered ones
 *   with equal calls take turns by the time of their call. Writes stand in for writes only: they fit in every state,
 *   so where one was, another operation need not fit.
 *
 * @see Wing & Gong, "Testing and Verifying Concurrent Objects" (1993)
 * @see Lowe, "Testing for Linearizability" (2017)
 * @see Horn & Kroening, "Faster Linearizability Checking via P-Compositionality" (2015)
 * @see https://github.com/anishathalye/porcupine, whose list of calls and answers this follows
 */
export function searchLinearization(history: History, options: SearchOptions): SearchOutcome {
  return new Search(history, options).run();
}

export interface SearchOptions {
  readonly initial: CounterState;
  readonly maxConfigurations: number;
  /**
   * Whether to turn back as soon as some answer ahead has become impossible. That is what keeps histories with many
   * unanswered operations affordable, but the search then does not get as far as it could, so `stuckAt` is not exact.
   */
  readonly lookAhead: boolean;
}

export type SearchOutcome =
  | { readonly found: true }
  | { readonly found: false; readonly exhausted: boolean; readonly stuckAt: Stuck };

/** The first answer that no order explains, and the values that the counter could have when it was due. */
export interface Stuck {
  readonly operation: CounterOperation;
  readonly states: ReadonlySet<CounterState>;
}

/** A configuration on the current path: how it was reached, and what has not been tried from it. */
interface Configuration {
  readonly state: CounterState;
  readonly reachedBy: number;
  readonly lastTaken: number;
  readonly candidates: readonly number[];
  tried: number;
}

/** Answered operations that may come next, one for each state that it leads to: writes apart from all others. */
interface Answered {
  readonly byNextState: ReadonlyMap<CounterState, number>;
  readonly writes: ReadonlyMap<CounterState, number>;
}

// What is taken is the index of an answered operation, or −2 − the number of a group of unanswered ones.
const START = -1;
const fromGroup = (group: number) => -2 - group;
const groupOf = (taken: number) => -2 - taken;
const isFromGroup = (taken: number) => taken < START;

class Search {
  readonly #timeline: Timeline;
  /** Unanswered operations by equal call, each group in the order of the calls. */
  readonly #groups: CounterOperation[][];
  readonly #takenOfGroup: number[];
  readonly #reachable: ReachableStates;
  readonly #options: SearchOptions;
  readonly #visited = new Set<string>();
  #furthestRank = -1;
  #stuckAt: { operation: CounterOperation; states: Set<CounterState> } | undefined;

  constructor(history: History, options: SearchOptions) {
    const inOrder = history.toSorted((a, b) => a.calledAtMs - b.calledAtMs);
    const unanswered = inOrder.filter(({ answer, call }) => answer.is === 'unknown' && call.kind !== 'read');
    this.#timeline = new Timeline(inOrder.filter(({ answer }) => answer.is !== 'unknown'));
    this.#groups = [...Map.groupBy(unanswered, ({ call }) => JSON.stringify(call)).values()];
    this.#takenOfGroup = this.#groups.map(() => 0);
    this.#reachable = new ReachableStates(this.#timeline.operations);
    this.#options = options;
  }

  run(): SearchOutcome {
    const { initial, maxConfigurations } = this.#options;
    const path: Configuration[] = [];
    let window = this.#timeline.window;
    if (window.due !== undefined) path.push(this.#enter(window, initial, START, START));

    for (let current = path.at(-1); current; current = path.at(-1)) {
      const taken = current.candidates[current.tried++];
      if (taken === undefined) {
        path.pop();
        if (current.reachedBy !== START) this.#putBack(current.reachedBy);
        continue;
      }
      const state = apply(current.state, this.#take(taken).call).next;
      window = this.#timeline.window;
      if (window.due === undefined) return { found: true };

      const lastTaken = Math.max(current.lastTaken, taken);
      const key = this.#key(state, lastTaken);
      const known = this.#visited.has(key);
      if (!known) this.#visited.add(key);
      if (this.#visited.size > maxConfigurations) return this.#notFound(false);
      if (known || this.#isDeadEnd(window, state)) this.#putBack(taken);
      else path.push(this.#enter(window, state, taken, lastTaken));
    }
    return window.due === undefined ? { found: true } : this.#notFound(true);
  }

  #enter(window: Window, state: CounterState, reachedBy: number, lastTaken: number): Configuration {
    this.#noteFrontier(window, state);
    return { state, reachedBy, lastTaken, candidates: this.#candidates(window, state), tried: 0 };
  }

  /** What may come next in `state`, one for each state it can lead to; the unanswered last, for they are rarely needed. */
  #candidates({ called, due }: Window, state: CounterState): number[] {
    const byNextState = new Map<CounterState, number>();
    const writes = new Map<CounterState, number>();
    for (const index of called) {
      const operation = this.#timeline.operations[index]!;
      const { answer, next } = apply(state, operation.call);
      if (!sameAnswer(operation.answer, answer)) continue;
      if (isInert(operation)) return [index];
      const alike = operation.call.kind === 'write' ? writes : byNextState;
      const rival = alike.get(next);
      if (rival === undefined || this.#isDueBefore(index, rival)) alike.set(next, index);
    }
    const answered = { byNextState, writes };
    return [...this.#likelyFirst(answered), ...this.#unanswered(called, due!, state, answered)];
  }

  /** Due first, for it is likely to have happened first; a deletion last, for its answer is right at any time. */
  #likelyFirst({ byNextState, writes }: Answered): number[] {
    const deletion = byNextState.get(undefined);
    const others = [...byNextState.values(), ...writes.values()].filter((index) => index !== deletion);
    others.sort((a, b) => (this.#isDueBefore(a, b) ? -1 : 1));
    return deletion === undefined ? others : [...others, deletion];
  }

  /** Those first that lead to a state in which some answer fits: the fewer are used up, the more are left for later. */
  #unanswered(
    called: readonly number[],
    due: number,
    state: CounterState,
    { byNextState, writes }: Answered,
  ): number[] {
    const dueMs = settledAtMs(this.#timeline.operations[due]!);
    const wanted: number[] = [];
    const others: number[] = [];
    for (const [group, operations] of this.#groups.entries()) {
      const operation = operations[this.#takenOfGroup[group]!];
      if (!operation || operation.calledAtMs > dueMs) continue;
      const { next } = apply(state, operation.call);
      const isWrite = operation.call.kind === 'write';
      if (next === state || byNextState.has(next) || (isWrite && writes.has(next))) continue;
      const fits = byNextState.size + writes.size === 0 && called.some((index) => this.#fits(index, next));
      (fits ? wanted : others).push(fromGroup(group));
    }
    return [...wanted, ...others];
  }

  #fits(index: number, state: CounterState): boolean {
    const { call, answer } = this.#timeline.operations[index]!;
    return answer.is !== 'deleted' && sameAnswer(answer, apply(state, call).answer);
  }

  #isDueBefore(one: number, other: number): boolean {
    return this.#timeline.answerRank(one) < this.#timeline.answerRank(other);
  }

  /** Whether an answer that is due soon has become impossible. */
  #isDeadEnd({ called }: Window, state: CounterState): boolean {
    if (!this.#options.lookAhead) return false;
    const { operations, taken } = this.#timeline;
    const lastDueMs = Math.max(...called.map((index) => settledAtMs(operations[index]!)));
    const unanswered = this.#groups.flatMap((group, number) =>
      group.slice(this.#takenOfGroup[number]).filter(({ calledAtMs }) => calledAtMs <= lastDueMs),
    );
    return !this.#reachable.canExplainAll(called, { state, taken, firstLeft: called[0]!, unanswered });
  }

  /** Remembers the first answer that is still to be explained where the search got furthest, for the explanation. */
  #noteFrontier({ due }: Window, state: CounterState): void {
    const rank = this.#timeline.answerRank(due!);
    if (rank < this.#furthestRank) return;
    if (rank > this.#furthestRank) this.#stuckAt = { operation: this.#timeline.operations[due!]!, states: new Set() };
    this.#furthestRank = rank;
    this.#stuckAt?.states.add(state);
  }

  #notFound(exhausted: boolean): SearchOutcome {
    return { found: false, exhausted, stuckAt: this.#stuckAt! };
  }

  /** Names the configuration: value, last one taken, those before it that are left, unanswered ones taken. */
  #key(state: CounterState, lastTaken: number): string {
    return `${state}|${lastTaken}|${this.#takenOfGroup.join()}|${this.#timeline.leftBefore(lastTaken).join()}`;
  }

  #take(taken: number): CounterOperation {
    if (isFromGroup(taken)) return this.#groups[groupOf(taken)]![this.#takenOfGroup[groupOf(taken)]!++]!;
    this.#timeline.take(taken);
    return this.#timeline.operations[taken]!;
  }

  #putBack(taken: number): void {
    if (isFromGroup(taken)) this.#takenOfGroup[groupOf(taken)]!--;
    else this.#timeline.putBack(taken);
  }
}

/** With this answer it changes nothing, whatever the state in which the answer fits. */
function isInert({ call, answer }: CounterOperation): boolean {
  return call.kind === 'read' || answer.is === 'conflict' || answer.is === 'overflow' || answer.is === 'missing';
}
