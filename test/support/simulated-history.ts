import * as fc from 'fast-check';
import { apply, type CounterState } from './counter-model.ts';
import type { CounterCall, CounterOperation } from './history.ts';

/** One operation of a simulated client, and how long it took to get there. */
interface PlannedOperation {
  readonly client: number;
  readonly call: CounterCall;
  readonly idleMs: number;
  readonly outboundMs: number;
  readonly inboundMs: number;
  /** What becomes of it: answered, applied without an answer, or lost on the way. */
  readonly fate: 'answered' | 'applied' | 'lost';
}

/** Small numbers, so that answers collide and a wrong one is often right by chance. */
export const smallCall: fc.Arbitrary<CounterCall> = fc.oneof(
  fc.record({ kind: fc.constant('increment' as const), by: fc.integer({ min: -1, max: 2 }) }),
  fc.record({ kind: fc.constant('read' as const) }),
  fc.record({
    kind: fc.constant('compare-and-set' as const),
    expected: fc.integer({ min: -1, max: 2 }),
    value: fc.integer({ min: -1, max: 2 }),
  }),
  fc.record({ kind: fc.constant('write' as const), value: fc.integer({ min: -1, max: 2 }) }),
  fc.record({ kind: fc.constant('delete' as const) }),
);

export const incrementByOne: fc.Arbitrary<CounterCall> = fc.constant({ kind: 'increment', by: 1 });

/** Histories of one counter as a correct service would leave them: each operation takes effect between call and answer. */
export function simulatedHistory(options: {
  readonly call: fc.Arbitrary<CounterCall>;
  readonly clients: number;
  readonly maxLength: number;
}): fc.Arbitrary<CounterOperation[]> {
  const shortMs = fc.integer({ min: 0, max: 4 });
  const planned = fc.record<PlannedOperation>({
    client: fc.nat({ max: options.clients - 1 }),
    call: options.call,
    idleMs: shortMs,
    outboundMs: shortMs,
    inboundMs: shortMs,
    fate: fc.oneof(
      { weight: 6, arbitrary: fc.constant('answered' as const) },
      { weight: 1, arbitrary: fc.constantFrom('applied' as const, 'lost' as const) },
    ),
  });
  return fc.array(planned, { minLength: 1, maxLength: options.maxLength }).map(play);
}

/** Gives every operation its moments, then runs them against a plain counter in the order of those moments. */
export function play(plan: readonly PlannedOperation[]): CounterOperation[] {
  const freeAtMs = new Map<number, number>();
  const timed = plan.map((operation) => {
    const calledAtMs = (freeAtMs.get(operation.client) ?? 0) + operation.idleMs;
    const effectAtMs = calledAtMs + operation.outboundMs;
    const answeredAtMs = effectAtMs + operation.inboundMs;
    freeAtMs.set(operation.client, answeredAtMs);
    // A request whose answer was lost may still be on its way when its client has gone on to the next.
    const late = operation.fate === 'applied' ? 3 * operation.inboundMs : 0;
    return { ...operation, calledAtMs, effectAtMs: effectAtMs + late, answeredAtMs };
  });

  let state: CounterState;
  const history: CounterOperation[] = [];
  for (const { client, call, fate, calledAtMs, answeredAtMs } of timed.toSorted(
    (a, b) => a.effectAtMs - b.effectAtMs,
  )) {
    const done = fate === 'lost' ? undefined : apply(state, call);
    if (done) state = done.next;
    const answer = done && fate === 'answered' ? done.answer : ({ is: 'unknown' } as const);
    history.push({ client, key: 'hits', call, answer, calledAtMs, answeredAtMs });
  }
  return history;
}
