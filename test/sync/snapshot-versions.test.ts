/** Random programs of nested reads and turns against a model, with versions that go round. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockTimeoutError } from '../../src/errors.ts';
import { abandon } from '../../src/sync/lock-line.ts';
import type { SnapshotCell } from '../../src/sync/snapshot-cell.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { enteredCell, memoryImage, type SnapshotMemory, snapshotMemory } from '../support/snapshot-memory.ts';

const PAGES = 260; // more than one directory
const THREADS = 4;
const SIZE = { words: PAGES * 256, sparePages: 12 };

/** A turn sets the first and last word of some pages, or throws afterwards; a read contains what happens meanwhile. */
type Step =
  | { readonly thread: number; readonly pages: readonly number[]; readonly times: number; readonly throws: boolean }
  | { readonly thread: number; readonly meanwhile: readonly Step[] };

const thread = fc.integer({ min: 0, max: THREADS - 1 });
const { program } = fc.letrec<{ program: Step[]; step: Step; turn: Step; read: Step }>((tie) => ({
  program: fc.array(tie('step'), { maxLength: 6 }),
  step: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('turn'), tie('read')),
  turn: fc.record({
    thread,
    pages: fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: PAGES - 1 })), { maxLength: 4 }),
    times: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 })),
    throws: fc.boolean(),
  }),
  read: fc.record({ thread, meanwhile: tie('program') }),
}));

/** Versions at which the first of a program are: anywhere, or shortly before 2^31 or 2^32. */
const start = fc
  .oneof(fc.constant(0), fc.integer({ min: 2 ** 30 - 300, max: 2 ** 30 }), fc.integer({ min: -300, max: 0 }))
  .map((half) => (half * 2) | 0);

/** Every page has one value, and the root's field belongs to the same version. */
function shows(cell: SnapshotCell, expected: ReadonlyMap<number, number>): void {
  for (let page = 0; page < PAGES; page++) {
    const value = expected.get(page) ?? 0;
    if (cell.word(page * 256) !== value || cell.word(page * 256 + 255) !== value) {
      assert.fail(`page ${page} has ${cell.word(page * 256)} … ${cell.word(page * 256 + 255)}, not ${value}`);
    }
  }
  assert.equal(cell.field(0), expected.get(-1) ?? 0);
}

/** Takes a thread out of the table, so that its pins no longer count. */
function leave(position: number, threads: ThreadTable): void {
  threads.leave(ThreadTable.slot(position, 0));
}

/** Buries the only thread of a memory; the next writer must find what was published, and go on for long. */
function survives(memory: SnapshotMemory, expected: ReadonlyMap<number, number>): void {
  const threads = new ThreadTable(memory.threads);
  leave(0, threads);
  abandon(new Int32Array(memory.locks), ThreadTable.slot(0, 0), threads);
  const cell = enteredCell(memory, 1);
  cell.read(() => shows(cell, expected));
  const now = new Map(expected);
  for (let value = 1001; value < 1100; value++) {
    const page = (value * 37) % PAGES;
    cell.write(() => [0, 255].forEach((word) => cell.set(page * 256 + word, value)));
    now.set(page, value);
  }
  cell.read(() => shows(cell, now));
}

/** Runs a program; every read must show its own version until it ends. @returns turns that were refused */
function run(
  steps: readonly Step[],
  version: number,
  whenPinned = (_thread: number, _memory: ThreadTable) => {},
): number {
  const memory = snapshotMemory(SIZE, version);
  const threads = new ThreadTable(memory.threads);
  const cells = Array.from({ length: THREADS }, (_, position) => enteredCell(memory, position));
  const model = new Map<number, number>();
  const pinned = new Set<number>();
  let written = 0;
  let refused = 0;

  const turn = (cell: SnapshotCell, pages: readonly number[], throws: boolean): void => {
    const value = ++written;
    try {
      cell.write(() => {
        for (const page of pages) {
          cell.set(page * 256, value);
          cell.set(page * 256 + 255, value);
        }
        cell.setField(0, value);
        if (throws) throw new RangeError('half-way');
      });
      for (const page of pages) model.set(page, value);
      model.set(-1, value);
    } catch (error) {
      if (error instanceof RangeError) return;
      assert(error instanceof LockTimeoutError);
      assert(pinned.size > 0); // nobody but a reader can hold a turn up
      refused += 1;
    }
  };

  const perform = (step: Step): void => {
    const cell = cells[step.thread]!;
    if ('meanwhile' in step) {
      const outer = pinned.has(step.thread);
      const before = new Map(model);
      cell.read(() => {
        pinned.add(step.thread);
        whenPinned(step.thread, threads);
        if (!outer) shows(cell, before);
        for (const inner of step.meanwhile) perform(inner);
        if (!outer) shows(cell, before);
      });
      if (!outer) pinned.delete(step.thread);
    } else if (!pinned.has(step.thread)) {
      for (let time = 0; time < step.times; time++) turn(cell, step.pages, step.throws);
    }
  };

  for (const step of steps) perform(step);
  cells[0]!.read(() => shows(cells[0]!, model));
  return refused;
}

/** A read during which writers use up all pages. */
const longRead: [Step[], number] = [
  [{ thread: 0, meanwhile: [{ thread: 1, pages: [0, 1, 2, 259], times: 200, throws: false }] }],
  -40,
];

describe('versions of a SnapshotCell', () => {
  it('stay whole for as long as they are read, wherever their numbers go round', () => {
    let refused = 0;
    fc.assert(
      fc.property(program, start, (steps, version) => {
        refused += run(steps, version);
      }),
      { numRuns: 500, examples: [longRead] },
    );
    expect(refused).toBeGreaterThan(0); // memory did run out
  });

  it('would not, if pins did not count: the check above sees a page that is reused too early', () => {
    const early = fc.property(program, start, (steps, version) => void run(steps, version, leave));
    const torn = fc.check(early, { numRuns: 1000, examples: [longRead] });
    expect(String(torn.errorInstance)).toMatch(/page \d+ has/);
  });

  it('leave nothing of a turn whose thread dies in it, wherever that is', () => {
    const memory = snapshotMemory(SIZE);
    const cell = enteredCell(memory, 0);
    const expected = new Map<number, number>();
    for (let turn = 1; turn <= 60; turn++) {
      cell.write(() => {
        for (const page of [turn % 7, 256 + (turn % 3), 100 + turn]) {
          cell.set(page * 256, turn);
          survives(memoryImage(memory), expected);
          cell.set(page * 256 + 255, turn);
        }
        cell.setField(0, turn);
        survives(memoryImage(memory), expected);
      });
      for (const page of [turn % 7, 256 + (turn % 3), 100 + turn, -1]) expected.set(page, turn);
      survives(memoryImage(memory), expected);
    }
  });
});
