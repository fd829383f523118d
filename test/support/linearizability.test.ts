import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CounterAnswer, CounterCall, CounterOperation } from './history.ts';
import { checkLinearizable } from './linearizability.ts';
import { seededRandom } from '../../src/random.ts';
import { isLinearizableByDefinition } from './linearizability-oracle.ts';
import { searchLinearization } from './linearizability-search.ts';
import { play, simulatedHistory, smallCall } from './simulated-history.ts';

const read: CounterCall = { kind: 'read' };
const remove: CounterCall = { kind: 'delete' };
const write = (of: number): CounterCall => ({ kind: 'write', value: of });
const add = (by: number): CounterCall => ({ kind: 'increment', by });
const swap = (expected: number, value: number): CounterCall => ({ kind: 'compare-and-set', expected, value });
const value = (of: number): CounterAnswer => ({ is: 'value', value: of });
const conflict = (of: number): CounterAnswer => ({ is: 'conflict', value: of });
const unknown: CounterAnswer = { is: 'unknown' };
const missing: CounterAnswer = { is: 'missing' };
const deleted: CounterAnswer = { is: 'deleted' };

type Line = [calledAtMs: number, answeredAtMs: number, call: CounterCall, answer: CounterAnswer, key?: string];

/** Each line is one client's only operation. */
function history(...lines: Line[]): CounterOperation[] {
  return lines.map(([calledAtMs, answeredAtMs, call, answer, key = 'hits'], client) => {
    return { client, key, call, answer, calledAtMs, answeredAtMs };
  });
}

describe('a linearizable history is accepted', () => {
  const good: Record<string, CounterOperation[]> = {
    'nothing at all': [],
    'one after the other': history([0, 1, add(1), value(1)], [2, 3, add(5), value(6)], [4, 5, read, value(6)]),
    'overlapping increments in either order': history([0, 9, add(1), value(2)], [0, 9, add(1), value(1)]),
    'a read that overlaps a write, before it': history([0, 9, add(1), value(1)], [1, 2, read, missing]),
    'a read that overlaps a write, after it': history([0, 9, add(1), value(1)], [1, 2, read, value(1)]),
    'answers at the same instant as calls': history([0, 5, add(1), value(2)], [5, 6, add(1), value(1)]),
    'compare-and-set, and one that lost': history(
      [0, 9, swap(0, 7), value(7)],
      [0, 9, swap(0, 8), conflict(7)],
      [10, 11, read, value(7)],
    ),
    'deletion, then a fresh start': history(
      [0, 1, add(4), value(4)],
      [2, 3, remove, deleted],
      [4, 5, remove, missing],
      [6, 7, add(1), value(1)],
    ),
    'a counter set to 0 is there': history([0, 1, swap(0, 0), value(0)], [2, 3, read, value(0)]),
    'overflow, and nothing changed': history(
      [0, 1, add(Number.MAX_SAFE_INTEGER), value(Number.MAX_SAFE_INTEGER)],
      [2, 3, add(1), { is: 'overflow' }],
      [4, 5, read, value(Number.MAX_SAFE_INTEGER)],
    ),
    'an unknown increment that happened late': history(
      [0, 1, add(1), unknown],
      [2, 3, read, missing],
      [4, 5, add(1), value(2)],
    ),
    'an unknown increment that never happened': history([0, 1, add(1), unknown], [2, 3, add(1), value(1)]),
    'an unknown deletion that happened': history(
      [0, 1, add(3), value(3)],
      [2, 3, remove, unknown],
      [4, 5, read, missing],
    ),
    'a document that is written by two at once, seen in either order': history(
      [0, 9, write(1), value(1)],
      [0, 9, write(2), value(2)],
      [1, 2, read, value(2)],
      [3, 4, read, value(1)],
    ),
    'a document of an unknown write that is seen late, and deleted': history(
      [0, 1, write(1), unknown],
      [2, 3, read, missing],
      [4, 5, read, value(1)],
      [6, 7, remove, deleted],
      [8, 9, read, missing],
    ),
    'an increment, and a write to the same value whose answer is due first': history(
      [0, 1, add(-1), value(-1)],
      [0, 0, write(-1), value(-1)],
      [1, 1, swap(0, 0), { is: 'conflict', value: -1 }],
    ),
    'keys that do not influence each other': history(
      [0, 1, add(1), value(1), 'a'],
      [2, 3, read, missing, 'b'],
      [4, 5, read, value(1), 'a'],
    ),
  };
  it.each(Object.entries(good))('%s', (_, operations) => {
    expect(checkLinearizable(operations)).toEqual({ ok: true });
  });

  it('a history that starts with a value', () => {
    const initial = new Map([['hits', 10]]);
    expect(checkLinearizable(history([0, 1, add(1), value(11)]), { initial })).toEqual({ ok: true });
  });
});

describe('a history that is not linearizable is rejected', () => {
  const bad: Record<string, CounterOperation[]> = {
    'stale read': history([0, 1, add(1), value(1)], [2, 3, read, missing]),
    'two reads that go back in time': history([0, 9, add(1), value(1)], [1, 2, read, value(1)], [3, 4, read, missing]),
    'lost update': history([0, 9, add(1), value(1)], [0, 9, add(1), value(1)]),
    'doubled increment': history([0, 1, add(1), value(1)], [2, 3, read, value(2)]),
    'time travel: the smaller number was asked for later': history([0, 1, add(1), value(2)], [2, 3, add(1), value(1)]),
    'compare-and-set that cannot have succeeded': history([0, 1, add(5), value(5)], [2, 3, swap(4, 9), value(9)]),
    'two compare-and-sets won by the same value': history([0, 9, swap(0, 7), value(7)], [0, 9, swap(0, 8), value(8)]),
    'conflict with the value that was expected': history([0, 1, add(4), value(4)], [2, 3, swap(4, 9), conflict(4)]),
    'conflict with a value that never was': history([0, 1, add(4), value(4)], [2, 3, swap(1, 9), conflict(2)]),
    'deleted twice': history([0, 1, add(1), value(1)], [2, 9, remove, deleted], [2, 9, remove, deleted]),
    'back after its deletion': history([0, 1, add(1), value(1)], [2, 3, remove, deleted], [4, 5, read, value(1)]),
    'overflow where there was room': history([0, 1, add(1), { is: 'overflow' }]),
    'an unknown increment that happened twice': history([0, 1, add(1), unknown], [2, 3, add(1), value(3)]),
    'an unknown increment that was seen and then was not': history(
      [0, 1, add(1), unknown],
      [2, 3, read, value(1)],
      [4, 5, read, missing],
    ),
    'a document that goes back from new to old': history(
      [0, 9, write(1), value(1)],
      [0, 9, write(2), value(2)],
      [1, 2, read, value(2)],
      [3, 4, read, value(1)],
      [5, 6, read, value(2)],
    ),
    'a document older than one whose write was acknowledged': history(
      [0, 1, write(1), value(1)],
      [2, 3, write(2), value(2)],
      [4, 5, read, value(1)],
    ),
    'a document that is back after it was seen to be deleted': history(
      [0, 1, write(1), value(1)],
      [2, 9, remove, unknown],
      [3, 4, read, missing],
      [5, 6, read, value(1)],
    ),
    'a document that nobody wrote': history([0, 9, write(1), value(1)], [1, 2, read, value(2)]),
    'an unknown increment that happened before it was called': history([2, 3, add(1), unknown], [0, 1, read, value(1)]),
  };
  it.each(Object.entries(bad))('%s', (_, operations) => {
    expect(checkLinearizable(operations)).toMatchObject({ ok: false, because: 'violation' });
  });

  it('on any key, and says which', () => {
    const operations = history(
      [0, 1, add(1), value(1), 'a'],
      [0, 1, add(1), value(1), 'b'],
      [2, 3, read, value(2), 'b'],
    );
    expect(checkLinearizable(operations)).toMatchObject({ ok: false, explanation: expect.stringContaining('"b"') });
  });
});

describe('the explanation', () => {
  it('names the first answer that nothing explains, what could have been, and what overlapped', () => {
    const operations = history(
      [0, 1, add(41), value(41)],
      [2, 7, add(1), value(42)],
      [3, 6, read, value(40)],
      [8, 9, read, value(0)],
    );
    const verdict = checkLinearizable(operations);
    expect(verdict).toMatchObject({ ok: false, offending: [operations[2], operations[1]] });
    expect(verdict).toHaveProperty(
      'explanation',
      [
        'no order explains this answer:',
        '  client 2: read of "hits" → 40 [3.000–6.000 ms]',
        'every order that explains the earlier answers leaves the counter at 41 or 42',
        'the last change that had certainly happened by then:',
        '  client 0: increment by 41 of "hits" → 41 [0.000–1.000 ms]',
        'operations that overlap it:',
        '  client 1: increment by 1 of "hits" → 42 [2.000–7.000 ms]',
      ].join('\n'),
    );
  });

  it('admits when the search was cut short', () => {
    const operations = history([0, 1, add(1), value(1)], [2, 3, add(1), value(2)], [4, 5, read, value(2)]);
    expect(checkLinearizable(operations, { maxConfigurations: 1 })).toMatchObject({ ok: false, because: 'undecided' });
  });
});

describe('against the definition', () => {
  it('accepts whatever a linearizable counter can leave behind', () => {
    fc.assert(
      fc.property(simulatedHistory({ call: smallCall, clients: 8, maxLength: 60 }), (operations) => {
        expect(checkLinearizable(operations)).toEqual({ ok: true });
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with trying every order, whatever answers were tampered with', () => {
    const tampering = fc.record({
      at: fc.nat(),
      by: fc.constantFrom(-2, -1, 1, 2),
      laterMs: fc.integer({ min: -6, max: 6 }),
    });
    let rejected = 0;
    fc.assert(
      fc.property(
        simulatedHistory({ call: smallCall, clients: 3, maxLength: 7 }),
        fc.array(tampering, { minLength: 1, maxLength: 2 }),
        (linearizable, changes) => {
          const operations = [...linearizable];
          for (const { at, by, laterMs } of changes) {
            const index = at % operations.length;
            operations[index] = tamper(operations[index]!, by, laterMs);
          }
          const expected = isLinearizableByDefinition(operations);
          if (!expected) rejected++;
          expect(checkLinearizable(operations).ok).toBe(expected);
          const ahead = { initial: undefined, maxConfigurations: Infinity, lookAhead: true };
          expect(searchLinearization(operations, ahead).found).toBe(expected);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(rejected).toBeGreaterThan(300); // else the property would not say much
  });
});

describe('64 clients on one key', () => {
  const random = seededRandom(7);
  const integer = (below: number) => Math.floor(random() * below);
  const call = (): CounterCall => {
    const draw = random();
    if (draw < 0.4) return add(1 + integer(5));
    if (draw < 0.7) return read;
    return draw < 0.99 ? swap(integer(200), integer(200)) : remove;
  };
  const plan = Array.from({ length: 5_000 }, (_, index) => {
    const fate = integer(500) === 0 ? 'lost' : 'answered';
    const slow = integer(500) === 0 ? 200 : 5; // some answers outlast a hundred other operations
    return {
      client: index % 64,
      call: call(),
      idleMs: random(),
      outboundMs: 5 * random(),
      inboundMs: slow * random(),
      fate,
    } as const;
  });
  const operations = play(plan);

  it('are decided without an explosion', () => {
    expect(checkLinearizable(operations)).toEqual({ ok: true });
  });

  it('are rejected for one stale read among thousands', () => {
    const at = operations.findIndex(
      ({ call: { kind }, answer }, index) => index > 4_000 && kind === 'read' && answer.is === 'value',
    );
    const stale = operations.with(at, { ...operations[at]!, answer: value(-1) });
    expect(checkLinearizable(stale)).toMatchObject({
      ok: false,
      because: 'violation',
      offending: expect.arrayContaining([stale[at]]),
    });
  });
});

function tamper(operation: CounterOperation, by: number, laterMs: number): CounterOperation {
  const { answer, calledAtMs, answeredAtMs } = operation;
  const moved = { ...operation, calledAtMs: calledAtMs + laterMs, answeredAtMs: answeredAtMs + laterMs };
  return 'value' in answer ? { ...moved, answer: { ...answer, value: answer.value + by } } : moved;
}
