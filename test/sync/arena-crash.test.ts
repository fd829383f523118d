import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/sync/arena.ts';
import { abandon } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { type ArenaMemory, arenaMemory, copyOfArena, openArena, putValue, valuesOf } from '../support/arena-memory.ts';
import { liveFor } from '../support/crash-memory.ts';
import { PatchedSource, type Patch } from '../support/patched-source.ts';

const [FIRST, SECOND, THIRD] = [0, 1, 2].map((position) => ThreadTable.slot(position, 0)) as [number, number, number];

interface Change {
  readonly name: string;
  readonly before: (arena: Arena) => void;
  readonly change: (arena: Arena) => void;
}

/** Five values without a gap between them, some of which are released again. */
function fiveBut(...released: number[]): (arena: Arena) => void {
  return (arena) => {
    for (let note = 0; note < 5; note++) putValue(arena, note, 100 + note, note + 1);
    for (const note of released) arena.release(note);
  };
}

const changes: Change[] = [
  { name: 'an exchange', before: fiveBut(), change: (arena) => arena.exchange(0, 4) },
  { name: 'an exchange with nothing', before: fiveBut(), change: (arena) => arena.exchange(0, 9) },
  { name: 'the first allocation', before: () => {}, change: (arena) => arena.allocate(100, 9) },
  { name: 'an allocation that splits a gap', before: fiveBut(1, 2), change: (arena) => arena.allocate(40, 9) },
  { name: 'an allocation that fills a gap', before: fiveBut(2), change: (arena) => arena.allocate(102, 9) },
  { name: 'an allocation from a list of several', before: fiveBut(0, 2, 4), change: (arena) => arena.allocate(97, 9) },
  { name: 'an allocation of all that is left', before: fiveBut(), change: (arena) => arena.allocate(3432, 9) },
  { name: 'a release between two values', before: fiveBut(), change: (arena) => arena.release(2) },
  { name: 'a release after a gap', before: fiveBut(1), change: (arena) => arena.release(2) },
  { name: 'a release before a gap', before: fiveBut(3), change: (arena) => arena.release(2) },
  { name: 'a release between two gaps', before: fiveBut(1, 3), change: (arena) => arena.release(2) },
  { name: 'a release of the first', before: fiveBut(1), change: (arena) => arena.release(0) },
  { name: 'a release before what was never used', before: fiveBut(3), change: (arena) => arena.release(4) },
];

describe.each(changes)('a thread that dies at any write of $name', (change) => {
  it('leaves all or nothing, also when the one that repairs dies at any write', () => {
    const { wrong, lives } = crashEverywhere(change, Arena);
    expect(wrong).toEqual([]);
    expect(lives).toBeGreaterThan(20);
  });
});

it('an arena whose first thread dies at any write of making it is made by the next', () => {
  for (let writes = 0, dies = true; dies; writes++) {
    const memory = arenaMemory(4000);
    dies = live(memory, FIRST, writes, Arena, () => {});
    const arena = openArena(memory, SECOND);
    expect([arena.used, ...arena.verify()]).toEqual([0]);
    expect(arena.allocate(3992)).toBeGreaterThan(0);
  }
});

describe('such deaths uncover', () => {
  const bugs: Record<string, Patch> = {
    'an allocation without an intent': {
      file: 'sync/arena.ts',
      from: 'this.#open(ALLOCATE, block, noteAt);',
      to: '',
    },
    'a release without an intent': { file: 'sync/arena.ts', from: 'this.#open(RELEASE, block, noteAt);', to: '' },
    'an exchange without an intent': {
      file: 'sync/arena.ts',
      from: 'Atomics.store(words, this.#line + INTENT, EXCHANGE);',
      to: '',
    },
    'an intent that is opened before it is complete': {
      file: 'sync/arena.ts',
      from: 'words[this.#line + NOTE] = noteAt;\n    Atomics.store(words, this.#line + INTENT, intent);',
      to: 'Atomics.store(words, this.#line + INTENT, intent);\n    words[this.#line + NOTE] = noteAt;',
    },
    'a repair that keeps the note': {
      file: 'sync/arena.ts',
      from: 'if (noteAt !== NO_NOTE) words[noteAt] = 0;\n    this.#blocks.rebuild();',
      to: 'this.#blocks.rebuild();',
    },
    'a repair that leaves the lists as they are': {
      file: 'sync/arena-blocks.ts',
      from: 'this.#lists.clear();\n    let [used',
      to: 'return;\n    let [used',
    },
    'a repair that joins nothing': {
      file: 'sync/arena-blocks.ts',
      from: 'next < this.#end && (words[next]!',
      to: 'next < 0 && (words[next]!',
    },
  };

  it.each(Object.entries(bugs))('%s', async (_, patch) => {
    using source = new PatchedSource([patch]);
    const patched = (await import(new URL('sync/arena.ts', source.href).href)) as { Arena: typeof Arena };
    expect(changes.some((change) => crashEverywhere(change, patched.Arena).wrong.length > 0)).toBe(true);
  });
});

/** Kills the writer at each of its writes, and for each of those the one that repairs at each of its own. */
function crashEverywhere({ before, change }: Change, Class: typeof Arena): { wrong: string[]; lives: number } {
  const prepared = arenaMemory(4000);
  before(openArena(prepared, FIRST, Class));
  const changed = copyOfArena(prepared);
  change(openArena(changed, FIRST, Class));
  const [old, expected] = [prepared, changed].map((memory) => stateOf(openArena(memory, THIRD, Class)));

  const wrong: string[] = [];
  let lives = 0;
  for (let writes = 0, dies = true; dies; writes++) {
    const memory = copyOfArena(prepared);
    dies = live(memory, FIRST, writes, Class, change);
    for (let repairs = 0, diesToo = true; diesToo; repairs++, lives++) {
      const again = copyOfArena(memory);
      diesToo = live(again, SECOND, repairs, Class, (arena) => arena.verify());
      const where = `died at write ${writes}, its successor at ${repairs}: `;
      try {
        const last = openArena(again, THIRD, Class);
        wrong.push(...last.verify().map((problem) => where + problem));
        const state = stateOf(last);
        if (state !== expected && (state !== old || !dies)) wrong.push(`${where}left ${state}`);
      } catch (error) {
        wrong.push(where + String(error));
      }
      if (wrong.length > 10) return { wrong, lives };
    }
  }
  return { wrong, lives };
}

/** What is in the arena. A value that was just allocated has no content yet, so its length counts. */
function stateOf(arena: Arena): string {
  const noted = valuesOf(arena).map((value, note) => (note < 9 ? value : arena.words[note]));
  return `${arena.used} ${arena.count} ${noted.join()}`;
}

/** One life of a thread on the arena, and its burial if it dies. @returns whether it did */
function live(
  memory: ArenaMemory,
  slot: number,
  writes: number,
  Class: typeof Arena,
  act: (arena: Arena) => void,
): boolean {
  const { locks, data } = memory;
  const { crashed } = liveFor(writes, [data], (wrap) => act(openArena({ ...memory, locks: wrap(locks) }, slot, Class)));
  if (!crashed) return false;
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  threads.enter(THIRD);
  abandon(locks, slot, threads);
  return true;
}
