import { type CounterState, describeState } from './counter-model.ts';
import { type CounterOperation, describeOperation, historiesByKey, type History, settledAtMs } from './history.ts';
import { searchLinearization, type Stuck } from './linearizability-search.ts';

export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `undecided` only when the search ran out of its budget; nothing is then known either way. */
      readonly because: 'violation' | 'undecided';
      /** What went wrong, for a person: the offending operations and why no order explains them. */
      readonly explanation: string;
      /** The smallest offending part, the offending answer first. */
      readonly offending: readonly CounterOperation[];
    };

export interface CheckOptions {
  /** What each counter held before the history began; a counter not named did not exist. */
  readonly initial?: ReadonlyMap<string, CounterState>;
  /** Configurations to look at per counter before giving up. */
  readonly maxConfigurations?: number;
}

/**
 * Decides whether a history of counters is linearizable: whether each operation can be given one moment between its
 * call and its answer so that, in the order of those moments, every answer is what a plain counter would have said.
 * An operation of unknown outcome may be given any moment since its call, or none.
 *
 * Linearizability is local, so keys are checked one by one, which is what makes the check affordable.
 *
 * @see Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects" (1990), theorem 1 (locality)
 * @see https://github.com/anishathalye/porcupine, which partitions in the same way
 */
export function checkLinearizable(history: History, options: CheckOptions = {}): Verdict {
  const { initial = new Map<string, CounterState>(), maxConfigurations = 1_000_000 } = options;
  for (const [key, operations] of historiesByKey(history)) {
    const budget = { initial: initial.get(key), maxConfigurations };
    // Plain first: that is enough for nearly every history, and its explanation is exact.
    const fewConfigurations = Math.min(maxConfigurations, 10_000 + 20 * operations.length);
    const plain = searchLinearization(operations, {
      ...budget,
      maxConfigurations: fewConfigurations,
      lookAhead: false,
    });
    if (plain.found) continue;
    if (plain.exhausted) return violation(plain.stuckAt, true, operations);
    const ahead = searchLinearization(operations, { ...budget, lookAhead: true });
    if (ahead.found) continue;
    return ahead.exhausted
      ? violation(plain.stuckAt, false, operations)
      : undecided(key, maxConfigurations, plain.stuckAt);
  }
  return { ok: true };
}

function undecided(key: string, maxConfigurations: number, { operation }: Stuck): Verdict {
  const explanation = `gave up on counter ${JSON.stringify(key)} after ${maxConfigurations} configurations, near ${describeOperation(operation)}`;
  return { ok: false, because: 'undecided', explanation, offending: [operation] };
}

/** @param exact whether `stuckAt` is the first answer without an explanation, or only as far as the search got */
function violation(stuckAt: Stuck, exact: boolean, operations: History): Verdict {
  const offending = [stuckAt.operation, ...overlapping(stuckAt.operation, operations)];
  return { ok: false, because: 'violation', explanation: explain(stuckAt, exact, operations, offending), offending };
}

function explain(
  { operation, states }: Stuck,
  exact: boolean,
  operations: History,
  offending: readonly CounterOperation[],
): string {
  const shown = 8;
  const values = [...states].slice(0, shown).map(describeState).join(' or ');
  const lines = [
    exact ? 'no order explains this answer:' : 'no order explains this answer and those that follow:',
    `  ${describeOperation(operation)}`,
    `${exact ? 'every order that explains the earlier answers leaves' : 'the orders that were tried leave'} the counter at ${values}${states.size > shown ? ' or …' : ''}`,
  ];
  const before = lastChangeBefore(operation, operations);
  if (before) lines.push('the last change that had certainly happened by then:', `  ${describeOperation(before)}`);
  const others = offending.slice(1);
  lines.push(others.length ? 'operations that overlap it:' : 'no operation overlaps it');
  for (const other of others.slice(0, shown)) lines.push(`  ${describeOperation(other)}`);
  if (others.length > shown) lines.push(`  … and ${others.length - shown} more`);
  return lines.join('\n');
}

function overlapping(operation: CounterOperation, operations: History): CounterOperation[] {
  return operations.filter(
    (other) =>
      other !== operation && other.calledAtMs <= settledAtMs(operation) && settledAtMs(other) >= operation.calledAtMs,
  );
}

function lastChangeBefore(operation: CounterOperation, operations: History): CounterOperation | undefined {
  let last: CounterOperation | undefined;
  for (const other of operations) {
    const changed = other.call.kind !== 'read' && (other.answer.is === 'value' || other.answer.is === 'deleted');
    if (!changed || other.answeredAtMs >= operation.calledAtMs) continue;
    if (!last || other.answeredAtMs > last.answeredAtMs) last = other;
  }
  return last;
}
