import { apply, type CounterState, sameAnswer } from './counter-model.ts';
import { type History, settledAtMs } from './history.ts';

/**
 * Linearizability by its definition, for one counter and a handful of operations: tries every order, with every
 * choice of which unanswered operations happened. Shares no search with the checker that it judges.
 */
export function isLinearizableByDefinition(history: History, state?: CounterState): boolean {
  if (history.every(({ answer }) => answer.is === 'unknown')) return true;
  return history.some((first, index) => {
    const rest = history.toSpliced(index, 1);
    if (rest.some((other) => settledAtMs(other) < first.calledAtMs)) return false;
    const { answer, next } = apply(state, first.call);
    return sameAnswer(first.answer, answer) && isLinearizableByDefinition(rest, next);
  });
}
