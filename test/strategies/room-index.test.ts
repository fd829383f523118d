import { array, assert, constantFrom, nat, property, record as objectOf } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINK_WORDS, RoomIndex } from '../../src/strategies/room-index.ts';

const RECORDS = 24;
const MANY = 2 ** 14;
const BUCKETS = 4; // so that rooms share chains

/** An index of shared words, and where everybody is. */
function emptyIndex() {
  const words = new Int32Array(RECORDS * LINK_WORDS + BUCKETS);
  const places = new Map<number, string>();
  const index = new RoomIndex({
    words: {
      word: (at) => words[at]!,
      set(at, value) {
        words[at] = value;
      },
    },
    links: 0,
    buckets: RECORDS * LINK_WORDS,
    count: BUCKETS,
    seed: [1, 2],
    roomAt: (record) => places.get(record)!,
  });
  return { index, places };
}

function roomsOf(places: ReadonlyMap<number, string>): Map<string, Set<number>> {
  const rooms = new Map<string, Set<number>>();
  for (const [record, room] of places) rooms.set(room, (rooms.get(room) ?? new Set()).add(record));
  return rooms;
}

function membersOf(walk: () => number): number[] {
  const members: number[] = [];
  for (let record = walk(); record !== -1; record = walk()) members.push(record);
  return members;
}

const rooms = ['a', 'b', 'c', 'd', 'e', 'f', '__proto__', 'ä'.repeat(64)];
const step = objectOf({
  at: nat(RECORDS - 1),
  room: constantFrom(...rooms),
  kind: constantFrom('move', 'move', 'move', 'leave', 'clear'),
});

describe('the index of rooms', () => {
  it('agrees with a Map of Sets, whatever comes, moves and goes', () => {
    assert(
      property(array(step, { maxLength: 200 }), nat(RECORDS), (steps, from) => {
        const { index, places } = emptyIndex();
        for (const { at, room, kind } of steps) {
          if (kind === 'clear' && at === 0) {
            index.clear();
            places.clear();
          }
          const before = places.get(at);
          if (before !== undefined) {
            places.delete(at); // as in the table: what it was in is known to the caller only
            index.remove(before, at);
          }
          if (kind === 'move') {
            places.set(at, room);
            index.add(room, at);
          }
        }
        const expected = roomsOf(places);
        const sizes = Array.from({ length: BUCKETS }, (_, bucket) => Array.from(index.roomsOf(bucket))).flat();
        expect(new Map(sizes.map(({ room, size }) => [room, size]))).toEqual(
          new Map(Array.from(expected, ([room, members]) => [room, members.size])),
        );
        expect(sizes).toHaveLength(expected.size);
        for (const room of rooms) {
          const members = [...(expected.get(room) ?? [])].toSorted((a, b) => a - b);
          expect(membersOf(index.walk(room))).toEqual(members);
          expect(membersOf(index.walk(room, from))).toEqual(members.filter((record) => record >= from));
          expect(index.size(room)).toBe(members.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('looks at few records for a few of many, wherever they begin', () => {
    const words = new Int32Array(MANY * LINK_WORDS + BUCKETS);
    let looked = 0;
    const index = new RoomIndex({
      words: {
        word(at) {
          looked += 1;
          return words[at]!;
        },
        set(at, value) {
          words[at] = value;
        },
      },
      links: 0,
      buckets: MANY * LINK_WORDS,
      count: BUCKETS,
      seed: [1, 2],
      roomAt: () => 'r',
    });
    for (let record = 0; record < MANY; record++) index.add('r', record);
    expect(looked / MANY).toBeLessThan(100); // a list in order would take 8,192 on average
    looked = 0;
    const walk = index.walk('r', MANY / 2);
    for (let at = 0; at < 10; at++) expect(walk()).toBe(MANY / 2 + at);
    expect(looked).toBeLessThan(200);
  });
});
