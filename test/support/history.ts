/**
 * A recorded history: what several clients asked of the counters, when, and what they were told. A cached document is a
 * counter that is only written, read and deleted: every write has a number of its own.
 *
 * Times come from one clock, read just before a request is sent and just after its answer is there,
 * so the true moment at which an operation took effect lies between the two.
 */

export type CounterCall =
  | { readonly kind: 'increment'; readonly by: number }
  | { readonly kind: 'read' }
  | { readonly kind: 'compare-and-set'; readonly expected: number; readonly value: number }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'delete' };

export type CounterAnswer =
  /** Done (or read, or written): the counter's value at that moment. */
  | { readonly is: 'value'; readonly value: number }
  /** A compare-and-set that saw another value. */
  | { readonly is: 'conflict'; readonly value: number }
  /** An increment that would have left the range of exact integers. */
  | { readonly is: 'overflow' }
  /** A read or a deletion of a counter that does not exist. */
  | { readonly is: 'missing' }
  | { readonly is: 'deleted' }
  /** No answer, or one that leaves it open: it may have happened at any time since its call, or never. */
  | { readonly is: 'unknown' };

export interface CounterOperation {
  readonly client: number;
  readonly key: string;
  readonly call: CounterCall;
  readonly answer: CounterAnswer;
  readonly calledAtMs: number;
  /** When the answer was there. Without meaning where the answer is unknown. */
  readonly answeredAtMs: number;
}

export type History = readonly CounterOperation[];

/** The moment from which an operation has certainly happened; never, when its outcome is unknown. */
export function settledAtMs(operation: CounterOperation): number {
  return operation.answer.is === 'unknown' ? Infinity : operation.answeredAtMs;
}

/** Counters do not influence each other, so a history is linearizable exactly when each key's part is. */
export function historiesByKey(history: History): Map<string, CounterOperation[]> {
  const histories = new Map<string, CounterOperation[]>();
  for (const operation of history) {
    const ofKey = histories.get(operation.key);
    if (ofKey) ofKey.push(operation);
    else histories.set(operation.key, [operation]);
  }
  return histories;
}

/** One line for a person: `client 3: increment by 1 of "hits" → 42 [10.0–12.5 ms]`. */
export function describeOperation({ client, key, call, answer, calledAtMs, answeredAtMs }: CounterOperation): string {
  const until = answer.is === 'unknown' ? '?' : answeredAtMs.toFixed(3);
  return `client ${client}: ${describeCall(call)} of ${JSON.stringify(key)} → ${describeAnswer(answer)} [${calledAtMs.toFixed(3)}–${until} ms]`;
}

function describeCall(call: CounterCall): string {
  switch (call.kind) {
    case 'increment':
      return `increment by ${call.by}`;
    case 'compare-and-set':
      return `compare-and-set from ${call.expected} to ${call.value}`;
    case 'write':
      return `write of ${call.value}`;
    case 'read':
    case 'delete':
      return call.kind;
  }
}

function describeAnswer(answer: CounterAnswer): string {
  switch (answer.is) {
    case 'value':
      return String(answer.value);
    case 'conflict':
      return `conflict with ${answer.value}`;
    case 'overflow':
    case 'missing':
    case 'deleted':
      return answer.is;
    case 'unknown':
      return 'outcome unknown';
  }
}
