import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_KEY_BYTES } from '../../src/sync/key-hash.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { REAL_MODULES } from '../support/sync-modules.ts';
import {
  contentsOf,
  get,
  type LockedTable,
  openTable,
  put,
  removeKey,
  tableMemory,
  type TableShape,
} from '../support/tables.ts';

const SLOT = ThreadTable.slot(0, 0);

function newTable(shape: TableShape): LockedTable {
  return openTable(tableMemory(shape, REAL_MODULES), shape, SLOT, REAL_MODULES);
}

/** Keys that meet often: short ones, long ones that differ at either end, and more than ASCII. */
const keys = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'é', '日本', '🦀', 'x'.repeat(32), 'x'.repeat(33)),
  fc.integer({ min: 30, max: MAX_KEY_BYTES }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 32, max: MAX_KEY_BYTES - 1 }).map((length) => `${'y'.repeat(length)}z`),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
);

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put'), key: keys, value: fc.integer() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('throw'), key: keys, value: fc.integer() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove'), key: keys, value: fc.constant(0) }) },
);

describe('SharedTable', () => {
  it('does what a Map with a capacity does, and is consistent after every change', () => {
    const shape = fc.record({ capacity: fc.integer({ min: 1, max: 24 }), shards: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(shape, fc.array(operation, { maxLength: 120 }), ({ capacity, shards }, operations) => {
        const opened = newTable({ capacity, shards });
        const model = new Map<string, number>();
        for (const { kind, key, value } of operations) {
          const inTable = applied(opened, kind, key, value);
          expect(inTable).toBe(inModel(model, capacity, kind, key, value));
          expect(get(opened, key)).toBe(model.get(key));
          expect(opened.table.isFull).toBe(model.size === capacity);
          expect(opened.table.verify()).toEqual([]);
        }
        const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(contentsOf(opened)).toEqual(sorted);
      }),
      { numRuns: 300 },
    );
  });

  it('is full at its capacity, over all shards together, and then overwrites nothing', () => {
    const capacity = 100;
    const opened = newTable({ capacity, shards: 8 });
    for (let key = 0; key < capacity; key++) expect(put(opened, `key-${key}`, key)).toBe(true);
    for (let key = 0; key < capacity; key++) expect(put(opened, `more-${key}`, 0)).toBe(false);
    for (let key = 0; key < capacity; key++) expect(get(opened, `key-${key}`)).toBe(key);
    expect(opened.table.verify()).toEqual([]);
  });

  it('gives removed records out again, in any order and for ever', () => {
    const capacity = 16;
    const opened = newTable({ capacity, shards: 3 });
    for (let round = 0; round < 200; round++) {
      for (let key = 0; key < capacity; key++) expect(put(opened, `${round}/${key}`, key)).toBe(true);
      for (let key = 0; key < capacity; key++) expect(removeKey(opened, `${round}/${(key * 7) % capacity}`)).toBe(true);
    }
    expect(opened.table.end).toBe(capacity);
    expect(contentsOf(opened)).toEqual([]);
    expect(opened.table.verify()).toEqual([]);
  });

  it('keeps the number of a record while the record lives', () => {
    const opened = newTable({ capacity: 32, shards: 1 });
    put(opened, 'kept', 1);
    const record = opened.table.find('kept');
    for (let key = 0; key < 31; key++) put(opened, `other-${key}`, 0);
    for (let key = 0; key < 31; key++) removeKey(opened, `other-${key}`);
    expect(opened.table.find('kept')).toBe(record);
  });

  it('lets a write look at other keys', () => {
    const { table } = newTable({ capacity: 8, shards: 1 });
    table.insert('first', (payload) => {
      table.setNumber(payload, 0, table.find('second, which is longer'));
    });
    expect(table.find('first')).toBe(0);
    expect(table.verify()).toEqual([]);
  });

  it('gives sequences that only grow, per shard', () => {
    const { table } = newTable({ capacity: 8, shards: 2 });
    expect([table.nextSequence(0), table.nextSequence(0), table.nextSequence(1)]).toEqual([1, 2, 1]);
  });

  it('does not take a key with a byte too many', () => {
    const opened = newTable({ capacity: 8, shards: 1 });
    expect(() => put(opened, 'x'.repeat(MAX_KEY_BYTES + 1), 1)).toThrow('1 to 128 bytes');
    expect(() => put(opened, '', 1)).toThrow('1 to 128 bytes');
    expect(opened.table.verify()).toEqual([]);
  });
});

function applied(opened: LockedTable, kind: string, key: string, value: number): boolean {
  if (kind === 'throw') return throwInside(opened, key);
  return kind === 'put' ? put(opened, key, value) : removeKey(opened, key);
}

/** The same on the model. */
function inModel(model: Map<string, number>, capacity: number, kind: string, key: string, value: number): boolean {
  if (kind === 'throw') return false;
  if (kind === 'remove') return model.delete(key);
  const fits = model.has(key) || model.size < capacity;
  if (fits) model.set(key, value);
  return fits;
}

// Under an asynchronous mutex nobody repairs after a throw, so the table itself undoes what it began.
describe('a throw inside a change, with no lock that repairs', () => {
  it('leaves a half-written update as it was', () => {
    const { table } = newTable({ capacity: 4, shards: 1 });
    const record = table.insert('key', (payload) => table.setNumber(payload, 0, 1));
    const half = (payload: number): void => {
      table.setNumber(payload, 0, 2);
      fails();
    };
    expect(() => table.update(record, half)).toThrow(RangeError);
    expect(table.number(table.payloadOf(record), 0)).toBe(1);
    expect(table.verify()).toEqual([]);
  });

  it('leaves no half-written insert', () => {
    const { table } = newTable({ capacity: 1, shards: 1 });
    expect(() => table.insert('key', fails)).toThrow(RangeError);
    expect(table.find('key')).toBe(-1);
    expect(table.count(0)).toBe(0);
    expect(table.verify()).toEqual([]);
    expect(table.insert('other', () => {})).toBe(0);
  });

  it('leaves a record that was to be removed', () => {
    const { table } = newTable({ capacity: 4, shards: 1 });
    const record = table.insert('key', () => {});
    expect(() => table.remove(record, fails)).toThrow(RangeError);
    expect(table.find('key')).toBe(record);
    expect(table.verify()).toEqual([]);
  });
});

describe('verify', () => {
  const NEXT = -4; // words before the payload
  const HASH = -3;
  const STATE = -2;

  it.each<[string, (opened: LockedTable, payload: number) => void, string]>([
    ['a link into the void', ({ table }, at) => (table.words[at + NEXT] = 99), 'links record 98'],
    [
      'a chain that bites its tail',
      ({ table }, at) => (table.words[at + NEXT] = table.find('b') + 1),
      'already in bucket',
    ],
    ['a hash of another key', ({ table }, at) => (table.words[at + HASH]! ^= 1), 'hash of another key'],
    ['a record that is not live', ({ table }, at) => (table.words[at + STATE] = 0), 'has state 0'],
    ['a record that another shard reserved', ({ table }, at) => (table.words[at + STATE] = -3), 'has state -3'],
    ['a lost record', ({ table }, at) => dropFromChain(table, at), 'is lost'],
  ])('finds %s', (_, damage, expected) => {
    const opened = newTable({ capacity: 4, shards: 1 });
    for (const key of ['a', 'b', 'c']) put(opened, key, 1);
    damage(opened, opened.table.payloadOf(opened.table.find('b')));
    expect(opened.table.verify().join('; ')).toContain(expected);
  });

  function dropFromChain({ words }: LockedTable['table'], payload: number): void {
    const record = (payload - 4 - 32) / 16; // behind the lines of the pool and of one shard
    const link = words.lastIndexOf(record + 1);
    words[link] = words[payload + NEXT]!;
  }
});

const fails = (): never => {
  throw new RangeError('on purpose');
};

/** Throws in the middle of whatever change the key is due; nothing may come of it. */
function throwInside(opened: LockedTable, key: string): false {
  const { table, mutexes } = opened;
  const half = (payload: number): void => {
    table.setNumber(payload, 0, -1);
    fails();
  };
  const change = (): void => {
    const record = table.find(key);
    if (record === -1) table.insert(key, half);
    else if (key.length % 2 === 0) table.update(record, half);
    else table.remove(record, fails);
  };
  try {
    mutexes[table.shardOf(key)]!.run(change);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return false;
}
