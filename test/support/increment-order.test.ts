import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CounterAnswer, CounterOperation } from './history.ts';
import { checkIncrements } from './increment-order.ts';
import { checkLinearizable } from './linearizability.ts';
import { incrementByOne, simulatedHistory } from './simulated-history.ts';

type Line = [calledAtMs: number, answeredAtMs: number, value: number | 'unknown'];

function increments(...lines: Line[]): CounterOperation[] {
  return lines.map(([calledAtMs, answeredAtMs, value], client) => {
    const answer: CounterAnswer = value === 'unknown' ? { is: value } : { is: 'value', value };
    return { client, key: 'hits', call: { kind: 'increment', by: 1 }, answer, calledAtMs, answeredAtMs };
  });
}

describe('increments by one', () => {
  const good: Record<string, CounterOperation[]> = {
    none: [],
    'in order': increments([0, 1, 1], [2, 3, 2], [4, 5, 3]),
    'overlapping, out of order': increments([0, 9, 3], [1, 8, 1], [2, 7, 2]),
    'an unknown one took the missing number': increments([0, 1, 1], [2, 3, 'unknown'], [4, 5, 3]),
    'an unknown one took nothing': increments([0, 1, 1], [2, 3, 'unknown'], [4, 5, 2]),
    'an unknown one, all alone': increments([0, 1, 'unknown']),
  };
  it.each(Object.entries(good))('are accepted: %s', (_, operations) => {
    expect(checkIncrements(operations)).toEqual({ ok: true });
  });

  const bad: Record<string, [CounterOperation[], string]> = {
    'a lost update': [increments([0, 9, 1], [0, 9, 1]), 'answered twice'],
    'a doubled increment': [increments([0, 1, 1], [2, 3, 3]), 'answer outside 1…2'],
    'a doubled increment, hidden by an unknown one': [increments([0, 1, 2], [2, 3, 'unknown']), 'went past 1'],
    'time travel': [increments([0, 1, 2], [2, 3, 1]), 'a larger number was answered before'],
    'a number that is none': [increments([0, 1, 0.5]), 'answer outside'],
    'a number from before the start': [increments([0, 1, 0]), 'answer outside'],
  };
  it.each(Object.entries(bad))('are rejected: %s', (_, [operations, explanation]) => {
    expect(checkIncrements(operations)).toMatchObject({
      ok: false,
      because: 'violation',
      explanation: expect.stringContaining(explanation),
    });
  });

  it('may start from any number', () => {
    expect(checkIncrements(increments([0, 1, 42], [2, 3, 43]), 41)).toEqual({ ok: true });
  });

  it('refuses a history of other operations', () => {
    const other: CounterOperation = { ...increments([0, 1, 1])[0]!, call: { kind: 'read' } };
    expect(() => checkIncrements([other])).toThrow(TypeError);
  });

  it('are judged by the hundred thousand', () => {
    const many = Array.from({ length: 200_000 }, (_, index) => increments([index / 64, index / 64 + 1, index + 1])[0]!);
    const startedMs = performance.now();
    expect(checkIncrements(many)).toEqual({ ok: true });
    expect(
      checkIncrements(many.with(150_000, { ...many[150_000]!, calledAtMs: 1e6, answeredAtMs: 1e6 + 1 })),
    ).toMatchObject({ ok: false });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('are judged exactly as by the general search', () => {
    const tampering = fc.record({
      at: fc.nat(),
      by: fc.integer({ min: -2, max: 2 }),
      laterMs: fc.integer({ min: -6, max: 6 }),
    });
    let rejected = 0;
    fc.assert(
      fc.property(
        simulatedHistory({ call: incrementByOne, clients: 4, maxLength: 12 }),
        tampering,
        (linearizable, change) => {
          const operations = [...linearizable];
          const index = change.at % operations.length;
          const operation = operations[index]!;
          const { answer, calledAtMs, answeredAtMs } = operation;
          const moved = { calledAtMs: calledAtMs + change.laterMs, answeredAtMs: answeredAtMs + change.laterMs };
          const told = answer.is === 'value' ? { ...answer, value: answer.value + change.by } : answer;
          operations[index] = { ...operation, ...moved, answer: told };
          const { ok } = checkLinearizable(operations);
          if (!ok) rejected++;
          expect(checkIncrements(operations).ok).toBe(ok);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(rejected).toBeGreaterThan(200);
  });
});
