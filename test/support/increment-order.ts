import { type CounterOperation, describeOperation, historiesByKey, type History } from './history.ts';
import type { Verdict } from './linearizability.ts';

/**
 * Decides the same question as `checkLinearizable` for histories of nothing but increments by one, in linear time
 * after a sort: for those, linearizable means that the answers are 1…n, each once, and that an increment answered
 * before another was called got the smaller number.
 *
 * A number that nobody was told is allowed where an increment of unknown outcome can have taken it: one that was
 * called before any larger number was answered. Taking the earliest call for the smallest such number decides that
 * exactly, because the larger the number, the later its deadline.
 *
 * @throws {TypeError} the history holds something else than increments by one
 */
export function checkIncrements(history: History, startsAt = 0): Verdict {
  for (const [key, operations] of historiesByKey(history)) {
    const verdict = checkKey(key, operations, startsAt);
    if (!verdict.ok) return verdict;
  }
  return { ok: true };
}

function checkKey(key: string, operations: readonly CounterOperation[], startsAt: number): Verdict {
  const byNumber: (CounterOperation | undefined)[] = Array.from({ length: operations.length });
  const unanswered: CounterOperation[] = [];
  for (const operation of operations) {
    const { call, answer } = operation;
    if (call.kind !== 'increment' || call.by !== 1)
      throw new TypeError(`not an increment by one: ${describeOperation(operation)}`);
    if (answer.is === 'unknown') {
      unanswered.push(operation);
      continue;
    }
    const place = answer.is === 'value' ? answer.value - startsAt - 1 : -1;
    if (!(place in byNumber))
      return violation(`an answer outside ${startsAt + 1}…${startsAt + operations.length}`, [operation]);
    const same = byNumber[place];
    if (same) return violation('one number answered twice: an increment was lost', [operation, same]);
    byNumber[place] = operation;
  }
  while (byNumber.length > 0 && !byNumber.at(-1)) byNumber.pop();
  return checkRealTime(byNumber) ?? checkGaps(key, byNumber, unanswered, startsAt) ?? { ok: true };
}

/** Goes down from the largest number, knowing the earliest answer among the larger ones. */
function checkRealTime(byNumber: readonly (CounterOperation | undefined)[]): Verdict | undefined {
  let earliest: CounterOperation | undefined;
  for (let place = byNumber.length - 1; place >= 0; place--) {
    const operation = byNumber[place];
    if (!operation) continue;
    if (earliest && earliest.answeredAtMs < operation.calledAtMs) {
      return violation('a larger number was answered before the smaller one was asked for', [operation, earliest]);
    }
    if (!earliest || operation.answeredAtMs < earliest.answeredAtMs) earliest = operation;
  }
  return undefined;
}

/** Gives each number that nobody was told to an increment of unknown outcome, called before a larger one was answered. */
function checkGaps(
  key: string,
  byNumber: readonly (CounterOperation | undefined)[],
  unanswered: readonly CounterOperation[],
  startsAt: number,
): Verdict | undefined {
  const earliestCalls = unanswered.toSorted((a, b) => a.calledAtMs - b.calledAtMs);
  const earliestAnswers = earliestAnswerFrom(byNumber);
  let given = 0;
  for (const [place, operation] of byNumber.entries()) {
    if (operation) continue;
    const larger = earliestAnswers[place + 1];
    const taker = earliestCalls[given++];
    if (larger && (!taker || taker.calledAtMs > larger.answeredAtMs)) {
      const what = `counter ${JSON.stringify(key)} went past ${startsAt + place + 1} without anybody's asking for it: an increment counted twice`;
      return violation(what, taker ? [larger, taker] : [larger]);
    }
  }
  return undefined;
}

/** For each place, the earliest answered among the operations of that number and the larger ones. */
function earliestAnswerFrom(byNumber: readonly (CounterOperation | undefined)[]): CounterOperation[] {
  const earliest: CounterOperation[] = [];
  let soFar: CounterOperation | undefined;
  for (let place = byNumber.length - 1; place >= 0; place--) {
    const operation = byNumber[place];
    if (operation && (!soFar || operation.answeredAtMs < soFar.answeredAtMs)) soFar = operation;
    if (soFar) earliest[place] = soFar;
  }
  return earliest;
}

function violation(what: string, offending: CounterOperation[]): Verdict {
  const explanation = [`${what}:`, ...offending.map((operation) => `  ${describeOperation(operation)}`)].join('\n');
  return { ok: false, because: 'violation', explanation, offending };
}
