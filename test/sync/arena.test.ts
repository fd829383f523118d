import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MisuseError } from '../../src/errors.ts';
import { Arena } from '../../src/sync/arena.ts';
import { LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { arenaMemory, NOTES, openArena, putValue, valuesOf } from '../support/arena-memory.ts';

/** The part of a block that is not its value, for the worst length from `from` to before `end`. */
function worst(from: number, end: number): number {
  const lengths = Array.from({ length: end - from }, (_, more) => from + more);
  return Math.max(...lengths.map((byteLength) => 1 - byteLength / Arena.footprint(byteLength)));
}

const opened = (capacityBytes: number): Arena => openArena(arenaMemory(capacityBytes), 1);

describe('Arena', () => {
  it.each([0, 1, 16, 17, 128, 1000, 1024, 32_768, 65_536, 1_000_000])('keeps a value of %d bytes', (byteLength) => {
    const arena = opened(2 ** 20);
    const reference = arena.allocate(byteLength);
    expect(reference).toBeGreaterThan(0);
    expect(arena.byteLengthOf(reference)).toBe(byteLength);
    expect(arena.bytes(reference)).toHaveLength(byteLength);
    expect(arena.offsetOf(reference) % 8).toBe(0);
    expect(arena.used).toBe(Arena.footprint(byteLength));
    arena.free(reference);
    expect([arena.used, arena.count, ...arena.verify()]).toEqual([0, 0]);
  });

  it('wastes at most a quarter from 64 bytes on, and a thousandth from 16 KiB on', () => {
    expect(worst(64, 16_384)).toBeLessThanOrEqual(0.25);
    expect(worst(16_384, 65_537)).toBeLessThanOrEqual(0.001);
  });

  it('gives all of its capacity to one value, and then nothing', () => {
    const arena = opened(100_000);
    const all = arena.allocate(arena.capacity - Arena.footprint(0) + 16);
    expect(all).toBeGreaterThan(0);
    expect(arena.used).toBe(arena.capacity);
    expect(arena.allocate(0)).toBe(0);
    expect(arena.allocate(arena.capacity)).toBe(0);
    arena.free(all);
    expect(arena.allocate(arena.capacity - 8)).toBe(all);
  });

  it('refuses what would lose or free the wrong thing, and goes on', () => {
    const arena = opened(10_000);
    const kept = arena.allocate(100, 0);
    expect(() => arena.allocate(100, 0)).toThrow(MisuseError);
    expect(() => arena.allocate(-1)).toThrow(MisuseError);
    expect(() => arena.allocate(1.5)).toThrow(MisuseError);
    const freed = arena.allocate(100);
    arena.free(freed);
    for (const wrong of [freed, kept + 1, kept + 2, 2, -8, 2 ** 30])
      expect(() => arena.free(wrong)).toThrow(MisuseError);
    expect(arena.release(0)).toBe(true);
    expect(arena.release(0)).toBe(false);
    expect([arena.words[0], arena.used, ...arena.verify()]).toEqual([0, 0]);
  });

  it('notices a second release of what was joined with its neighbour', () => {
    const arena = opened(10_000);
    const [first, second] = [arena.allocate(100), arena.allocate(100)];
    arena.allocate(100);
    arena.free(first);
    arena.free(second);
    expect(() => arena.free(second)).toThrow(MisuseError);
  });

  it('is somewhere in memory that has other things besides', () => {
    const locks = new Int32Array(new SharedArrayBuffer(2 * LOCK_BYTES));
    const data = new SharedArrayBuffer(2 * Arena.bytes(1000));
    const both = [0, 1].map((at) => {
      const lock = { locks, line: at * 16, options: { name: 'arena', slot: 1, timeoutMs: 0 } };
      return new Arena({ data, byteOffset: at * Arena.bytes(1000), capacityBytes: 1000, lock });
    });
    for (const [at, arena] of both.entries()) arena.bytes(arena.allocate(992)).fill(at + 1);
    expect(both.map((arena) => arena.verify())).toEqual([[], []]);
    expect(
      () =>
        new Arena({
          data,
          byteOffset: 4,
          capacityBytes: 8,
          lock: { locks, line: 0, options: { name: 'arena', slot: 1, timeoutMs: 0 } },
        }),
    ).toThrow(MisuseError);
  });

  it('behaves like a map from notes to values, whatever is done', () => {
    const note = fc.nat(NOTES - 1);
    const size = fc.oneof(fc.nat(40), fc.nat(300), fc.nat(5000));
    const action = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), note, size }),
      fc.record({ kind: fc.constant('release' as const), note, size }),
      fc.record({ kind: fc.constant('exchange' as const), note, size: note }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const arena = opened(40_000);
        const model = Array.from({ length: NOTES }, () => '');
        const released: [boolean, boolean][] = [];
        for (const [step, { kind, note: at, size: other }] of actions.entries()) {
          if (kind === 'exchange') {
            arena.exchange(at, other);
            [model[at], model[other]] = [model[other]!, model[at]!];
          } else if (kind === 'release' || model[at] !== '') {
            released.push([arena.release(at), model[at] !== '']);
            model[at] = '';
          } else if (putValue(arena, at, other + 1, step % 256)) model[at] = `${other + 1} × ${step % 256}`;
        }
        expect(released.filter(([was, expected]) => was !== expected)).toEqual([]);
        expect(valuesOf(arena)).toEqual(model);
        expect(arena.verify()).toEqual([]);
        expect(arena.count).toBe(model.filter((value) => value !== '').length);
        for (let at = 0; at < NOTES; at++) arena.release(at);
        expect(arena.allocate(arena.capacity - 8)).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});

/** Fills an arena with values of `small` bytes. @returns their references, in the order of their addresses */
function filled(arena: Arena, small: number): number[] {
  const all: number[] = [];
  for (let reference = arena.allocate(small); reference !== 0; reference = arena.allocate(small)) all.push(reference);
  return all.sort((a, b) => a - b);
}

describe('Fragmentation of an arena', () => {
  const CAPACITY = 2 ** 20;

  it('can be so bad that a value fails with nearly all memory free, and one removal mends it', () => {
    const arena = opened(CAPACITY);
    const small = filled(arena, 16);
    const every = 1365; // 32,760 bytes and a value of 24: no gap has room for 32 KiB with its header
    const kept = small.filter((_, index) => index % every === every - 1);
    for (const [index, reference] of small.entries()) if (index % every !== every - 1) arena.free(reference);
    expect(arena.used / arena.capacity).toBeLessThan(0.001);
    arena.allocate(32_768); // may fit after the last of them
    expect(arena.allocate(32_768)).toBe(0);
    arena.free(kept[10]!);
    expect(arena.allocate(32_768)).toBeGreaterThan(0);
    expect(arena.verify()).toEqual([]);
  });

  it('never fails while the free bytes are enough for every gap to be just too small', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 5000 }),
        fc.infiniteStream(fc.boolean()),
        (lengths, wanted, keeps) => {
          const arena = opened(200_000);
          const references = lengths.map((length) => arena.allocate(length)).filter((reference) => reference !== 0);
          for (const reference of references) if (!keeps.next().value) arena.free(reference);
          const free = arena.capacity - arena.used;
          fc.pre(free >= (arena.count + 1) * (33 / 32) * (wanted + 15));
          expect(arena.allocate(wanted)).not.toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('lets what one size has freed be had in any other', () => {
    const arena = opened(CAPACITY);
    for (const size of [24, 1024, 32_800, 100_000, 128]) {
      const all = filled(arena, size);
      expect(arena.used / arena.capacity).toBeGreaterThan(0.9);
      for (const reference of all) arena.free(reference);
    }
    expect([arena.used, ...arena.verify()]).toEqual([0]);
  });

  it('makes room for a document by evicting the oldest, when small and large come in turns', () => {
    const arena = opened(CAPACITY);
    const queue: number[] = [];
    let evicted = 0;
    for (let turn = 0; turn < 20_000; turn++) {
      const size = turn % 100 === 0 ? 32_900 : 100 + ((turn * 7919) % 900);
      let reference = arena.allocate(size);
      for (; reference === 0; reference = arena.allocate(size), evicted++) arena.free(queue.shift()!);
      queue.push(reference);
    }
    expect(arena.used / arena.capacity).toBeGreaterThan(0.8);
    expect(evicted).toBeLessThan(20_000);
    expect(arena.verify()).toEqual([]);
  });
});
