import { describe, expect, it } from 'vitest';
import { FencedError, OriginFailedError, OriginFullError, OriginTimeoutError } from '../../src/errors.ts';
import type { Origin, OriginWrite } from '../../src/origin/origin.ts';
import { OriginWriteThrough } from '../../src/origin/write-through.ts';
import { EXPIRED_PER_TURN } from '../../src/sync/deadlines.ts';
import { settledByTurn } from '../support/settled-by-turn.ts';

/** An origin whose answers the test gives, one batch at a time. */
class HandOrigin implements Origin {
  readonly batches: { writes: readonly OriginWrite[]; answer: PromiseWithResolvers<void> }[] = [];
  #arrived = Promise.withResolvers<void>();

  store(writes: readonly OriginWrite[]): Promise<void> {
    const answer = Promise.withResolvers<void>();
    this.batches.push({ writes, answer });
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    return answer.promise;
  }

  load(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async batch(index: number) {
    while (this.batches.length <= index) await this.#arrived.promise;
    return this.batches[index]!;
  }
}

const call = {};

describe('write-through', () => {
  it('sends the writes of one turn as one batch, only the newest version of each key', async () => {
    const origin = new HandOrigin();
    const writeThrough = new OriginWriteThrough(origin);
    const answers = Promise.all([
      writeThrough.stored('a', { value: 1, version: 1 }, call),
      writeThrough.stored('b', { value: 7, version: 1 }, call),
      writeThrough.stored('a', { value: 3, version: 3 }, call),
      writeThrough.stored('a', { value: 2, version: 2 }, call),
    ]);
    const { writes, answer } = await origin.batch(0);
    expect(writes).toEqual([
      { key: 'a', value: 3, version: 3 },
      { key: 'b', value: 7, version: 1 },
    ]);
    answer.resolve();
    expect(await answers).toEqual([1, 7, 3, 2]);
  });

  it('does not acknowledge before the origin has answered', async () => {
    const origin = new HandOrigin();
    let acknowledged = false;
    const stored = new OriginWriteThrough(origin).stored('a', { value: 1, version: 1 }, call);
    const done = stored.then(() => (acknowledged = true));
    const { answer } = await origin.batch(0);
    expect(acknowledged).toBe(false);
    answer.resolve();
    await done;
    expect(acknowledged).toBe(true);
  });

  it('tells that the outcome is unknown when the origin fails, and stores the write as soon as it can', async () => {
    const origin = new HandOrigin();
    const writeThrough = new OriginWriteThrough(origin);
    const stored = writeThrough.stored('a', { value: 1, version: 1 }, call);
    (await origin.batch(0)).answer.reject(new OriginFailedError('down'));
    await expect(stored).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'unknown' });
    expect(writeThrough.unstored).toBe(1);

    const retry = await origin.batch(1);
    expect(retry.writes).toEqual([{ key: 'a', value: 1, version: 1 }]);
    retry.answer.reject(new OriginTimeoutError(10));
    const second = await origin.batch(2);
    second.answer.resolve();
    await second.answer.promise;
    await Promise.resolve();
    expect(writeThrough.unstored).toBe(0);
  });

  it('takes a newer stored version for the older one that failed', async () => {
    const origin = new HandOrigin();
    const writeThrough = new OriginWriteThrough(origin);
    const failed = writeThrough.stored('a', { value: 1, version: 1 }, call);
    (await origin.batch(0)).answer.reject(new OriginFailedError('down'));
    await expect(failed).rejects.toThrow('down');
    const stored = writeThrough.stored('a', { value: 2, version: 2 }, call);
    (await origin.batch(1)).answer.resolve();
    expect(await stored).toBe(2);
    expect(writeThrough.unstored).toBe(0);
  });

  it('sends again in small steps, and never what one of them has stored', async () => {
    const origin = new HandOrigin();
    const writeThrough = new OriginWriteThrough(origin);
    const writers = Array.from({ length: 1_200 }, (_, at) =>
      writeThrough.stored(`key-${at}`, { value: at, version: 1 }, call),
    );
    const failed = Promise.allSettled(writers);
    (await origin.batch(0)).answer.reject(new OriginFailedError('down'));
    await failed;
    (await origin.batch(1)).answer.resolve();
    (await origin.batch(2)).answer.reject(new OriginTimeoutError(10));
    (await origin.batch(3)).answer.resolve();
    (await origin.batch(4)).answer.resolve();
    expect(origin.batches.map(({ writes }) => writes.length)).toEqual([1_200, 500, 500, 500, 200]);
    const stored = [1, 3, 4].flatMap((at) => origin.batches[at]!.writes.map(({ key }) => key));
    expect(new Set(stored).size).toBe(1_200);
  });

  it('lets many whose time is over at once give up some in each turn of the event loop', async () => {
    const writeThrough = new OriginWriteThrough(new HandOrigin());
    const late = Array.from({ length: 500 }, (_, key) =>
      writeThrough.stored(`key-${key}`, { value: 1, version: 1 }, { remainingMs: 1 }),
    );
    expect(Math.max(...(await settledByTurn(late)))).toBeLessThanOrEqual(EXPIRED_PER_TURN);
  });

  it('takes no more once as many keys as may wait to be sent again', async () => {
    const origin = new HandOrigin();
    const writeThrough = new OriginWriteThrough(origin, { maxUnstored: 2 });
    const write = async (key: string): Promise<void> => {
      writeThrough.assertTakes('write');
      await writeThrough.stored(key, { value: 1, version: 1 }, call);
    };
    const first = Promise.allSettled([write('a'), write('b')]);
    (await origin.batch(0)).answer.reject(new OriginFailedError('down'));
    await first;
    await expect(write('c')).rejects.toMatchObject({ code: 'OVERLOADED', outcome: 'not-applied' });
    await expect(write('a')).rejects.toThrow(/2 keys wait to be stored already; nothing was changed/);
    expect(writeThrough.unstored).toBe(2);
    const { answer } = await origin.batch(1);
    answer.resolve();
    await answer.promise;
    await Promise.resolve();
    writeThrough.assertTakes('write');
  });

  it('refuses deletions, and nothing else, while the origin can remember no more of them', () => {
    const origin = Object.assign(new HandOrigin(), { deletionsFullMs: () => 1_500 });
    const writeThrough = new OriginWriteThrough(origin);
    writeThrough.assertTakes('write');
    expect(() => writeThrough.assertTakes('deletion')).toThrow(/as many deletions as it may, the oldest for 2 s more/);
  });

  it('says since when the oldest has waited, also where a newer version of it failed', async () => {
    const origin = new HandOrigin();
    let told = 0;
    const writeThrough = new OriginWriteThrough(origin, { onUnstored: () => told++ });
    const fail = async (batch: number, key: string, version: number): Promise<void> => {
      const stored = Promise.allSettled([writeThrough.stored(key, { value: 1, version }, call)]);
      (await origin.batch(batch)).answer.reject(new OriginFailedError('down'));
      await stored;
    };
    expect(writeThrough.unstoredSinceMs).toBeUndefined();
    await fail(0, 'a', 1);
    const sinceMs = writeThrough.unstoredSinceMs;
    expect(sinceMs).toBeLessThanOrEqual(performance.now());
    await fail(1, 'b', 1);
    await fail(2, 'a', 2);
    expect(writeThrough.unstoredSinceMs).toBe(sinceMs);
    expect(told).toBe(3);
  });

  it('has a refusal for want of room mean that it is not known what becomes of the write', async () => {
    const origin = new HandOrigin();
    const stored = new OriginWriteThrough(origin).stored('a', { value: 1, version: 1 }, call);
    (await origin.batch(0)).answer.reject(new OriginFullError('full'));
    await expect(stored).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'unknown' });
  });

  it('keeps nothing to be sent again once it is fenced out', async () => {
    const origin = new HandOrigin();
    const writeThrough = new OriginWriteThrough(origin);
    const first = writeThrough.stored('a', { value: 1, version: 1 }, call);
    (await origin.batch(0)).answer.reject(new OriginFailedError('down'));
    await expect(first).rejects.toThrow('down');
    const { answer } = await origin.batch(1);
    answer.reject(new FencedError('fenced'));
    await expect(answer.promise).rejects.toThrow('fenced');
    await Promise.resolve();
    expect(writeThrough.unstored).toBe(0);
    const second = writeThrough.stored('b', { value: 1, version: 1 }, call);
    (await origin.batch(2)).answer.reject(new FencedError('fenced'));
    await expect(second).rejects.toMatchObject({ code: 'FENCED', outcome: 'not-applied' });
    expect(writeThrough.unstored).toBe(0);
  });

  it('stops waiting at the deadline', async () => {
    const stored = new OriginWriteThrough(new HandOrigin()).stored('a', { value: 1, version: 1 }, { remainingMs: 5 });
    await expect(stored).rejects.toMatchObject({ code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
  });
});
