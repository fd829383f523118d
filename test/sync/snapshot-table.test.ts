/** `SnapshotTable` against a `Map`, turn by turn. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { SnapshotTable } from '../../src/sync/snapshot-table.ts';
import { enteredCell, snapshotMemory } from '../support/snapshot-memory.ts';

const CAPACITY = 6;

type Operation = { readonly key: string; readonly value: number } | { readonly remove: string };

const key = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', 'ä', 'x'.repeat(32), 'x'.repeat(33), 'x'.repeat(128), `${'x'.repeat(127)}y`),
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((text) => Buffer.byteLength(text) <= 128),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ key, value: fc.maxSafeInteger() }) },
  { weight: 2, arbitrary: fc.record({ remove: key }) },
);
const turns = fc.array(fc.record({ operations: fc.array(operation, { maxLength: 5 }), throws: fc.boolean() }), {
  maxLength: 25,
});
const seed = fc.tuple(fc.integer(), fc.integer());

function contents(table: SnapshotTable): Map<string, number> {
  const found = new Map<string, number>();
  for (let record = 0; record < table.end; record++) {
    const name = table.keyOf(record);
    expect(table.isLive(record)).toBe(name !== undefined);
    if (name !== undefined) found.set(name, table.number(table.payloadOf(record), 1));
  }
  expect(found.size).toBe(table.count());
  return found;
}

/** One change of the table and the model; a new key does not fit into a full table. */
function apply(table: SnapshotTable, model: Map<string, number>, step: Operation): void {
  const name = 'remove' in step ? step.remove : step.key;
  const record = table.find(name);
  assert.equal(record !== -1, model.has(name));
  if ('remove' in step) {
    if (model.delete(name)) table.remove(record);
    return;
  }
  const write = (payload: number): void => table.setNumber(payload, 1, step.value);
  if (record !== -1) table.update(record, write);
  else if (table.insert(name, write) === -1) return assert.equal(model.size, CAPACITY);
  model.set(name, step.value);
  assert.equal(table.isFull, model.size === CAPACITY);
}

it('SnapshotTable does what a bounded Map does, and a turn that throws does nothing', () => {
  fc.assert(
    fc.property(turns, seed, (program, hashSeed) => {
      const memory = snapshotMemory({ words: SnapshotTable.words(CAPACITY), sparePages: 24 });
      const [writer, reader] = [enteredCell(memory, 0), enteredCell(memory, 1)];
      const table = new SnapshotTable(writer, CAPACITY, hashSeed);
      const other = new SnapshotTable(reader, CAPACITY, hashSeed);
      let published = new Map<string, number>();
      for (const { operations, throws } of program) {
        const model = new Map(published);
        const turn = (): void => {
          for (const step of operations) {
            apply(table, model, step);
            expect(contents(table)).toEqual(model);
          }
          if (throws) throw new RangeError('half-way');
        };
        reader.read(() => {
          if (throws) assert.throws(() => writer.write(turn), RangeError);
          else writer.write(turn);
          expect(contents(other)).toEqual(published);
        });
        if (!throws) published = model;
        expect(reader.read(() => contents(other))).toEqual(published);
        expect(reader.read(() => other.verify())).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});

it('SnapshotTable gives each sequence number once, and reuses freed records', () => {
  const memory = snapshotMemory({ words: SnapshotTable.words(CAPACITY), sparePages: 24 });
  const cell = enteredCell(memory, 0);
  const table = new SnapshotTable(cell, CAPACITY, [1, 2]);
  for (let round = 1; round <= 3 * CAPACITY; round++) {
    cell.write(() => {
      expect(table.nextSequence()).toBe(round);
      table.remove(table.insert(`key-${round}`, (payload) => table.setNumber(payload, 0, round)));
    });
  }
  expect(cell.read(() => table.end)).toBe(1);
});

it('SnapshotTable.verify names what is wrong', () => {
  const memory = snapshotMemory({ words: SnapshotTable.words(CAPACITY), sparePages: 24 });
  const cell = enteredCell(memory, 0);
  const table = new SnapshotTable(cell, CAPACITY, [1, 2]);
  cell.write(() => table.insert('a', (payload) => table.setNumber(payload, 0, 1)));
  cell.write(() => cell.set(2, 0)); // the record's state
  expect(cell.read(() => table.verify())).toEqual([expect.stringContaining('record 0 does not belong in bucket')]);
});
