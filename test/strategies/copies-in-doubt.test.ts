import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CopiesInDoubt } from '../../src/strategies/copies-in-doubt.ts';

const RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
const MAX_KEYS = 1_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Doubts about a cache that is behind a lock while `isLocked`. */
function doubtful() {
  const cache = { isLocked: false, forgotten: [] as string[], cleared: 0, attempts: 0 };
  const attempt = (): void => {
    cache.attempts += 1;
    if (cache.isLocked) throw new Error('locked');
  };
  const doubts = new CopiesInDoubt({
    forget(key) {
      attempt();
      cache.forgotten.push(key);
    },
    clear() {
      attempt();
      cache.cleared += 1;
    },
  });
  return { cache, doubts };
}

describe('copies in doubt', () => {
  it('are forgotten a moment later, each once, and then nothing is tried any more', async () => {
    const { cache, doubts } = doubtful();
    for (const key of ['a', 'b', 'a']) doubts.add(key);
    expect(cache.forgotten).toEqual([]); // not inside the call that could not
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(cache.forgotten).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are tried until the lock is free, less and less often, and none is lost', async () => {
    const { cache, doubts } = doubtful();
    cache.isLocked = true;
    doubts.add('a');
    doubts.add('b');
    const times: number[] = [];
    const startedMs = Date.now();
    for (let tried = 0; tried < 8; tried++) {
      while (cache.attempts === tried) await vi.advanceTimersToNextTimerAsync();
      times.push(Date.now() - startedMs);
    }
    const pauses = times.map((time, at) => time - (times[at - 1] ?? 0));
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_600, MAX_RETRY_MS, MAX_RETRY_MS]);

    cache.isLocked = false;
    await vi.advanceTimersByTimeAsync(MAX_RETRY_MS);
    expect(cache.forgotten.toSorted()).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);

    doubts.add('c');
    await vi.advanceTimersByTimeAsync(RETRY_MS); // soon again
    expect(cache.forgotten).toContain('c');
  });

  it('that come while others are forgotten are forgotten too', async () => {
    const forgotten: string[] = [];
    const doubts: CopiesInDoubt = new CopiesInDoubt({
      async forget(key) {
        forgotten.push(key);
        if (forgotten.length === 1) doubts.add(key); // another write of it could not either
        await Promise.resolve();
      },
      clear: () => {},
    });
    doubts.add('a');
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(forgotten).toEqual(['a', 'a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are bounded: of too many every copy is forgotten, also where that fails at first', async () => {
    const { cache, doubts } = doubtful();
    cache.isLocked = true;
    for (let key = 0; key <= MAX_KEYS; key++) doubts.add(`key-${key}`);
    doubts.add('one more');
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(cache.attempts).toBe(1);
    cache.isLocked = false;
    await vi.advanceTimersByTimeAsync(2 * RETRY_MS);
    expect(cache.cleared).toBe(1);
    expect(cache.forgotten).toEqual(['one more']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
