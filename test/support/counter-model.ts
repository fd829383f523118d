import type { CounterAnswer, CounterCall } from './history.ts';

/**
 * The sequential counter that every strategy must look like: one call at a time, each with its answer.
 * Its state is the value, or `undefined` for a counter that does not exist; that difference matters, because a
 * read of 0 and a read of nothing are different answers.
 */
export type CounterState = number | undefined;

/** What the sequential counter answers, and where it is afterwards. */
export function apply(state: CounterState, call: CounterCall): { answer: CounterAnswer; next: CounterState } {
  switch (call.kind) {
    case 'read':
      return { answer: state === undefined ? { is: 'missing' } : { is: 'value', value: state }, next: state };
    case 'increment': {
      const sum = (state ?? 0) + call.by;
      if (!Number.isSafeInteger(sum)) return { answer: { is: 'overflow' }, next: state };
      return { answer: { is: 'value', value: sum }, next: sum };
    }
    case 'compare-and-set': {
      const found = state ?? 0;
      if (found !== call.expected) return { answer: { is: 'conflict', value: found }, next: state };
      return { answer: { is: 'value', value: call.value }, next: call.value };
    }
    case 'write':
      return { answer: { is: 'value', value: call.value }, next: call.value };
    case 'delete':
      return { answer: { is: state === undefined ? 'missing' : 'deleted' }, next: undefined };
  }
}

/** Says whether two answers are the same; an unknown one is compatible with any. */
export function sameAnswer(given: CounterAnswer, expected: CounterAnswer): boolean {
  if (given.is === 'unknown') return true;
  if (given.is !== expected.is) return false;
  return !('value' in given) || !('value' in expected) || given.value === expected.value;
}

export function describeState(state: CounterState): string {
  return state === undefined ? 'absent' : String(state);
}
