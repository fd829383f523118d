import { afterEach, expect, it, vi } from 'vitest';
import { VersionsHeldError } from '../../src/errors.ts';
import { LINE_WORDS, PINS } from '../../src/sync/snapshot-layout.ts';
import { whenUnheld } from '../../src/sync/when-unheld.ts';
import { enteredCell, snapshotMemory } from '../support/snapshot-memory.ts';

afterEach(() => vi.restoreAllMocks());

/** A writer, beside a reader on another thread that stays where it is until it is let go. */
function heldWriter() {
  const memory = snapshotMemory({ words: 1_024, sparePages: 12 });
  const writer = enteredCell(memory, 0);
  const reader = enteredCell(memory, 1);
  const words = new Int32Array(memory.data);
  const pin = PINS + LINE_WORDS;
  words[pin] = reader.version | 1;
  const write = (value: number): number => writer.write(() => (writer.set(0, value), value));
  let written = 0;
  expect(() => {
    for (; written < 100; written++) write(written);
  }).toThrow(VersionsHeldError);
  return { write, value: () => reader.read(() => reader.word(0)), letGo: () => Atomics.store(words, pin, 0) };
}

it('is done at once where nobody is in the way', () => {
  expect(whenUnheld(() => 5, {})).toBe(5);
  expect(() =>
    whenUnheld(() => {
      throw new RangeError('mine');
    }, {}),
  ).toThrow(RangeError);
});

it('lets the event loop turn while a reader leaves no room, and writes once when it has gone on', async () => {
  const { write, value, letGo } = heldWriter();
  const sleep = vi.spyOn(Atomics, 'wait');
  const written = whenUnheld(() => write(1_000), {});
  await new Promise((resolve) => setImmediate(resolve));
  letGo();
  expect(await written).toBe(1_000);
  expect(value()).toBe(1_000);
  expect(sleep).not.toHaveBeenCalled();
});

it('is refused at its deadline, or ends when nobody wants it any more; nothing changed', async () => {
  const { write, letGo } = heldWriter();
  let tried = 0;
  const attempt = (): number => {
    tried += 1;
    return write(1_000);
  };
  await expect(whenUnheld(attempt, { remainingMs: 5 })).rejects.toThrow(VersionsHeldError);
  expect(tried).toBeGreaterThan(1);
  const gone = new AbortController();
  const written = whenUnheld(attempt, { signal: gone.signal });
  gone.abort(new Error('gone'));
  await expect(written).rejects.toThrow('gone');
  letGo();
});
