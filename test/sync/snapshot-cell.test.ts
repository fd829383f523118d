import { describe, expect, it, vi } from 'vitest';
import { LockTimeoutError, MisuseError } from '../../src/errors.ts';
import { LINE_WORDS, PINS, snapshotLayout } from '../../src/sync/snapshot-layout.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { enteredCell, snapshotCell, snapshotMemory } from '../support/snapshot-memory.ts';

const PAGE = 256;
const SIZE = { words: 300 * PAGE, sparePages: 64 }; // two directories
const FAR = 299 * PAGE;

/** Publishes versions until a turn is refused. @returns how many were published */
function publishUntilRefused(write: (round: number) => void): number {
  for (let round = 0; round < 100_000; round++) {
    try {
      write(round);
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      return round;
    }
  }
  throw new Error('never refused');
}

describe('SnapshotCell', () => {
  it('starts as zeros, and shows every thread what a turn published', () => {
    const memory = snapshotMemory(SIZE);
    const [one, two] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    expect(two.read(() => [two.word(0), two.double(FAR), two.field(7)])).toEqual([0, 0, 0]);
    one.write(() => {
      one.set(1, -5);
      one.setDouble(FAR, 2 ** 53 - 1);
      one.setField(7, 0.5);
    });
    expect(two.read(() => [two.word(1), two.double(FAR), two.field(7)])).toEqual([-5, 2 ** 53 - 1, 0.5]);
  });

  it('knows whether what only earlier versions refer to may be used again', () => {
    const memory = snapshotMemory(SIZE);
    const [one, two] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    const isUnread = (): boolean => one.write(() => one.isUnread(one.version));
    two.read(() => {
      expect(isUnread()).toBe(true); // it looks at the version that is current
      one.write(() => one.set(1, 5));
      expect(isUnread()).toBe(false);
    });
    expect(isUnread()).toBe(true);
  });

  it('has a new version only for a turn that changed something', () => {
    const cell = enteredCell(snapshotMemory(SIZE), 0);
    const { version } = cell;
    expect(cell.write(() => cell.word(3))).toBe(0);
    expect(cell.version).toBe(version);
    cell.write(() => cell.setField(0, 0));
    expect(cell.version).not.toBe(version);
  });

  it('publishes nothing of a turn that throws, and shows a turn its own changes', () => {
    const cell = enteredCell(snapshotMemory(SIZE), 0);
    cell.write(() => cell.set(0, 1));
    const { version } = cell;
    const change = (): void => {
      cell.set(0, 2);
      cell.setField(0, 2);
      expect(cell.read(() => [cell.word(0), cell.field(0)])).toEqual([2, 2]);
      throw new Error('no');
    };
    expect(() => cell.write(change)).toThrow('no');
    expect(cell.version).toBe(version);
    expect(cell.read(() => [cell.word(0), cell.field(0)])).toEqual([1, 0]);
  });

  it('keeps the version of the outer read inside an inner one', () => {
    const memory = snapshotMemory(SIZE);
    const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    reader.read(() => {
      writer.write(() => writer.set(0, 1));
      expect(reader.read(() => reader.word(0))).toBe(0);
      expect(reader.word(0)).toBe(0);
    });
    expect(reader.read(() => reader.word(0))).toBe(1);
  });

  it('remembers a result while the version is the same', () => {
    const memory = snapshotMemory(SIZE);
    const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    const document = reader.remembering(() => ({ value: reader.word(0) }));
    const first = document();
    expect(document()).toBe(first);
    reader.read(() => {
      writer.write(() => writer.set(0, 1));
      expect(document()).toEqual({ value: 0 }); // as old as the read around it, and not remembered
    });
    expect(document()).toEqual({ value: 1 });
    expect(document()).toBe(document());
  });

  it('refuses what cannot work: outside, a write in a read or a turn, promises, unknown words and slots', () => {
    const memory = snapshotMemory(SIZE);
    const cell = enteredCell(memory, 0);
    const refused: (() => unknown)[] = [
      () => cell.word(0),
      () => cell.field(0),
      () => cell.set(0, 1),
      () => cell.read(() => cell.set(0, 1)),
      () => cell.read(() => cell.write(() => 1)),
      () => cell.write(() => cell.write(() => 1)),
      // @ts-expect-error a promise does not type-check
      () => cell.read(async () => cell.word(0)),
      // @ts-expect-error a thenable does not either
      () => cell.write(() => Promise.resolve(cell.set(0, 1))),
      () => cell.write(() => cell.set(2 ** 24, 1)),
      () => snapshotCell(memory, ThreadTable.slot(5, 0)),
    ];
    for (const attempt of refused) expect(attempt).toThrow(MisuseError);
    expect(cell.version).toBe(0);
    cell.write(() => cell.set(0, 7));
    expect(cell.read(() => cell.word(0))).toBe(7);
  });

  it('refuses a turn that changes more pages than are spare, even if the refusal is caught', () => {
    const cell = enteredCell(snapshotMemory({ words: 300 * PAGE, sparePages: 8 }), 0);
    const fill = (): void => {
      for (let page = 0; page < 300; page++) cell.set(page * PAGE, page + 1);
    };
    cell.write(fill); // never written pages are not copies: they fit
    const again = (): void => {
      try {
        fill();
      } catch {}
    };
    expect(() => cell.write(again)).toThrow(MisuseError);
    expect(cell.read(() => cell.word(299 * PAGE))).toBe(300);
    cell.write(() => cell.set(299 * PAGE, 1));
    expect(cell.read(() => cell.word(299 * PAGE))).toBe(1);
  });

  it.each([
    { limit: 'pages', sparePages: 20, atMost: (302 + 20) / 4 },
    { limit: 'roots', sparePages: 100_000, atMost: snapshotLayout(SIZE).rootMask + 1 },
  ])('refuses turns beside a slow reader when it runs out of $limit, not before', ({ sparePages, atMost }) => {
    const memory = snapshotMemory({ ...SIZE, sparePages });
    const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    const write = (value: number): void => writer.write(() => [0, FAR].forEach((word) => writer.set(word, value)));
    for (let round = 1; round <= 100; round++) write(round);
    reader.read(() => {
      const published = publishUntilRefused(write);
      expect(published).toBeGreaterThan(2);
      expect(published).toBeLessThanOrEqual(atMost);
      expect([reader.word(0), reader.word(FAR)]).toEqual([100, 100]);
      expect(writer.read(() => [writer.word(0), writer.word(FAR)])).toEqual([published - 1, published - 1]);
    });
    for (let round = 1; round <= 5000; round++) write(round);
    expect(reader.read(() => [reader.word(0), reader.word(FAR)])).toEqual([5000, 5000]);
  });

  it('does not wait for a reader that died, nor for what it left to the next thread at its position', () => {
    const memory = snapshotMemory(SIZE);
    const threads = new ThreadTable(memory.threads);
    const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    const write = (round: number): void => writer.write(() => writer.set(0, round));
    const many = (): void => {
      for (let round = 0; round < 3000; round++) write(round);
    };
    reader.read(() => {
      publishUntilRefused(write);
      threads.leave(ThreadTable.slot(0, 0));
      many();
      const next = ThreadTable.slot(0, 1);
      threads.enter(next);
      many();
      snapshotCell(memory, next);
      many();
    });
  });

  it.each([2, 1000, 2 ** 30, 2 ** 31 - 2, -(2 ** 31), -2])(
    'protects a reader beside a pin that a stalled thread stores late, %d versions off',
    (distance) => {
      const memory = snapshotMemory({ words: 2 * PAGE, sparePages: 12 });
      const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
      enteredCell(memory, 2);
      const write = (value: number): void => writer.write(() => [0, 511].forEach((word) => writer.set(word, value)));
      for (let round = 1; round <= 100; round++) write(round);
      const words = new Int32Array(memory.data);
      const stalled = PINS + 2 * LINE_WORDS;
      reader.read(() => {
        words[stalled] = (reader.version + distance) | 1;
        publishUntilRefused(write);
        expect([reader.word(0), reader.word(511)]).toEqual([100, 100]);
      });
      words[stalled] = 0;
      for (let round = 0; round < 3000; round++) write(round);
    },
  );

  it.each([0, 2, 1000, 2 ** 31 - 2, -(2 ** 31), -2, -8, -10, -12])(
    'shows a whole version to a reader that stalls for some versions and %d before it pins',
    (distance) => {
      const memory = snapshotMemory({ words: 2 * PAGE, sparePages: 12 });
      const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
      const write = (value: number): void => writer.write(() => [0, 511].forEach((word) => writer.set(word, value)));
      for (let round = 1; round <= 100; round++) write(round);
      const atomics: { load(words: Int32Array, index: number): number } = Atomics;
      const load = atomics.load.bind(atomics);
      const stall = vi.spyOn(atomics, 'load').mockImplementationOnce((words, index) => {
        const version = load(words, index);
        for (let round = 101; round <= 103; round++) write(round);
        return (version - distance) | 0;
      });
      reader.read(() => {
        stall.mockRestore();
        publishUntilRefused(write);
        expect([reader.word(0), reader.word(511)]).toEqual([103, 103]);
      });
      write(1);
    },
  );
});
