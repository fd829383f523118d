import { array, assert, constantFrom, nat, property, record as objectOf } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINK_WORDS, RoomIndex } from '../../src/strategies/room-index.ts';

const RECORDS = 24;
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
      property(array(step, { maxLength: 200 }), (steps) => {
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
        const found = new Map(Array.from(index.all(), ({ room, walk }) => [room, new Set(membersOf(walk))]));
        expect(found).toEqual(expected);
        for (const room of rooms) {
          const members = membersOf(index.walk(room));
          expect(new Set(members)).toEqual(expected.get(room) ?? new Set());
          expect(members).toHaveLength(expected.get(room)?.size ?? 0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
