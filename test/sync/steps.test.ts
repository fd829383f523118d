/** Long looks run in slices, at one version too, and end when nobody wants them any more. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { atOneVersion } from '../../src/sync/at-one-version.ts';
import { inSlices, type Steps } from '../../src/sync/steps.ts';
import { enteredCell, snapshotMemory } from '../support/snapshot-memory.ts';

/** They have no deadline. */
const unhurried = {};

/** From now on every look at the clock is a ms later than the one before, so that each slice has time for one step. */
function slowSteps(): void {
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => ++nowMs);
}

afterEach(() => void vi.restoreAllMocks());

describe('work in slices', () => {
  it('lets the event loop turn between two of them', async () => {
    slowSteps();
    const order: string[] = [];
    function* steps(): Steps<string> {
      for (const name of ['first', 'second', 'third']) {
        order.push(name);
        yield;
      }
      return 'done';
    }
    setImmediate(() => {
      order.push('else');
      setImmediate(() => order.push('else'));
    });
    expect(await inSlices(steps(), unhurried)).toBe('done');
    expect(order).toEqual(['first', 'else', 'second', 'else', 'third']);
  });

  it('takes no further step once nobody wants the result', async () => {
    slowSteps();
    const gone = new AbortController();
    let taken = 0;
    function* endless(): Steps<void> {
      for (;;) {
        if (++taken === 3) gone.abort(new Error('gone'));
        yield;
      }
    }
    await expect(inSlices(endless(), { signal: gone.signal })).rejects.toThrow('gone');
    expect(taken).toBe(3);
  });
});

describe('a look at one version', () => {
  const FAR = 299 * 256;

  function pair() {
    slowSteps();
    const memory = snapshotMemory({ words: 300 * 256, sparePages: 64 });
    const [reader, writer] = [enteredCell(memory, 0), enteredCell(memory, 1)];
    const write = (value: number): void =>
      writer.write(() => {
        writer.set(0, value);
        writer.set(FAR, value);
      });
    let looks = 0;
    function* look(): Steps<number[]> {
      looks += 1;
      const near = reader.word(0);
      yield;
      return [near, reader.word(FAR)];
    }
    return { reader, writer, write, look, looks: () => looks };
  }

  it('goes on in the next slice while the version stays', async () => {
    const { reader, write, look, looks } = pair();
    write(1);
    expect(await atOneVersion(reader, look, unhurried)).toEqual([1, 1]);
    expect(looks()).toBe(1);
  });

  it('begins anew when another was published meanwhile, and never mixes two', async () => {
    const { reader, write, look, looks } = pair();
    write(1);
    const found = atOneVersion(reader, look, unhurried);
    expect(looks()).toBe(1);
    write(2);
    expect(await found).toEqual([2, 2]);
    expect(looks()).toBe(2);
  });

  it('runs at one go once it was overtaken three times, however many more are published', async () => {
    const { reader, write, look, looks } = pair();
    const found = atOneVersion(reader, look, unhurried);
    for (const value of [1, 2, 3, 4, 5]) {
      write(value);
      await nextTurn();
    }
    expect(await found).toEqual([3, 3]);
    expect(looks()).toBe(4);
  });

  it('pins nothing between two slices, so that no writer waits for it', async () => {
    const { reader, writer, write, look } = pair();
    const found = atOneVersion(reader, look, unhurried);
    write(1);
    expect(writer.write(() => writer.isUnread(writer.version))).toBe(true);
    expect(await found).toEqual([1, 1]);
  });

  it('ends when nobody wants it any more, with nothing pinned', async () => {
    const { reader, writer, write, look, looks } = pair();
    const gone = new AbortController();
    const found = atOneVersion(reader, look, { signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(found).rejects.toThrow('gone');
    expect(looks()).toBe(1);
    write(1);
    expect(writer.write(() => writer.isUnread(writer.version))).toBe(true);
  });
});
