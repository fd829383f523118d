import { describe, expect, it, vi } from 'vitest';
import { DeadlineError, MisuseError, OriginTimeoutError, OverloadedError } from '../../src/errors.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { FlightIndex } from '../../src/sync/flight-index.ts';
import { flightMemory, openFlights, openTable } from '../support/flight-memory.ts';
import { begun, bytes, NOTHING, text, threeThreads, until } from '../support/flight-threads.ts';

describe('SingleFlight', () => {
  it('loads once for all who want a key at the same time, on every thread', async () => {
    const { a, b, c, left } = threeThreads(flightMemory());
    const flown = [a, a, b, b, c].map((flights) => flights.get('key'));
    expect(begun).toHaveLength(1);
    begun[0]!.bring(bytes('value'));
    const got = await Promise.all(flown);
    expect(got.map(text)).toEqual(Array.from({ length: 5 }, () => 'value'));
    expect(got.map(({ collapsed }) => collapsed)).toEqual([false, true, true, true, true]);
    expect(got[4]!.value!.buffer).toBeInstanceOf(ArrayBuffer);
    expect(left()).toEqual(NOTHING);
  });

  it('loads different keys, and the same one later, on their own', async () => {
    const { a, b } = threeThreads(flightMemory());
    const flown = [a.get('one'), b.get('two'), a.get('x'.repeat(128)), b.get(`${'x'.repeat(127)}y`)];
    expect(begun.map(({ key }) => key.slice(-3))).toEqual(['one', 'two', 'xxx', 'xxy']);
    for (const { key, bring } of begun) bring(bytes(key));
    expect((await Promise.all(flown)).map((got) => text(got)!.slice(-3))).toEqual(['one', 'two', 'xxx', 'xxy']);
    const later = b.get('one');
    begun[4]!.bring(undefined);
    expect(await later).toEqual({ value: undefined, collapsed: false });
  });

  it('tells everybody that there is no such value', async () => {
    const { a, b, left } = threeThreads(flightMemory());
    const flown = [a.get('key'), b.get('key')];
    begun[0]!.bring(undefined);
    expect((await Promise.all(flown)).map(({ value }) => value)).toEqual([undefined, undefined]);
    expect(left()).toEqual(NOTHING);
  });

  it.each([
    { error: new OriginTimeoutError(500), fields: { code: 'ORIGIN_TIMEOUT', outcome: 'unknown' } },
    { error: Object.assign(new Error('not for JSON'), { big: 1n }), fields: {} },
  ])('tells everybody what went wrong: $error.message', async ({ error, fields }) => {
    const { a, b, left } = threeThreads(flightMemory());
    const flown = [a.get('key'), b.get('key')].map((landing) => landing.catch((reason: unknown) => reason));
    begun[0]!.fail(error);
    const [here, there] = await Promise.all(flown);
    expect(here).toBe(error);
    expect(there).toMatchObject({ name: error.name, message: error.message, ...fields });
    expect(there).toBeInstanceOf(error.constructor);
    expect(left()).toEqual(NOTHING);
  });

  it('lets each waiter leave in its own time, and the load go on', async () => {
    const { a, b, c, left } = threeThreads(flightMemory());
    const abort = new AbortController();
    const reason = new Error('gone');
    const impatient = [
      a.get('key', { remainingMs: 1 }), // the one that began the load
      b.get('key', { remainingMs: 1 }),
      a.get('key', { signal: abort.signal }),
      c.get('key', { signal: abort.signal }),
    ];
    const stays = a.get('key');
    abort.abort(reason);
    const results = await Promise.allSettled(impatient);
    const reasons = results.map((result) => (result as PromiseRejectedResult).reason as unknown);
    expect(reasons.slice(0, 2).map((error) => error instanceof DeadlineError)).toEqual([true, true]);
    expect(reasons.slice(2)).toEqual([reason, reason]);
    const joins = b.get('key');
    begun[0]!.bring(bytes('value'));
    expect((await Promise.all([stays, joins])).map(text)).toEqual(['value', 'value']);
    await until(() => a.count === 0); // c has nobody left, and leaves when it is rung
    expect(begun).toHaveLength(1);
    expect(left()).toEqual(NOTHING);
    await expect(a.get('key', { signal: abort.signal })).rejects.toBe(reason);
    expect(left()).toEqual(NOTHING);
  });

  it('refuses a thread that is not in the thread table', () => {
    const memory = flightMemory();
    const gone = ThreadTable.slot(0, 0);
    const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
    expect(() => openFlights(memory, gone, () => Promise.resolve(undefined), { threads })).toThrow(MisuseError);
  });

  it('refuses too many waiters', async () => {
    const { a, left } = threeThreads(flightMemory(), { maxWaiting: 2 });
    const flown = [a.get('key'), a.get('key')];
    await expect(a.get('key')).rejects.toThrow(OverloadedError);
    begun[0]!.bring(bytes('value'));
    await Promise.all(flown);
    expect(left()).toEqual(NOTHING);
  });

  it('loads alone, and nothing to be stored, when too many flights are on their way', async () => {
    const { a, b, left } = threeThreads(flightMemory(2));
    const flown = ['one', 'two', 'three', 'three'].map((key) => a.get(key));
    flown.push(b.get('one'));
    expect(begun.map(({ key }) => key)).toEqual(['one', 'two', 'three', 'three']);
    expect(begun.map(({ ticket }) => ticket.isVoid)).toEqual([false, false, true, true]);
    for (const { key, bring } of begun) bring(bytes(key));
    expect((await Promise.all(flown)).map(text)).toEqual(['one', 'two', 'three', 'three', 'one']);
    expect(left()).toEqual(NOTHING);
  });

  it('refuses one flight too many at once: it looks for what the dead left only where somebody died since', () => {
    const memory = flightMemory(2);
    const threads = new ThreadTable(memory.threads);
    const [slot, dying] = [ThreadTable.slot(0, 0), ThreadTable.slot(1, 0)];
    for (const each of [slot, dying]) threads.enter(each);
    const { flights } = openTable(memory, slot);
    flights.attach();
    flights.join('one');
    openTable(memory, dying).flights.join('two');
    expect(flights.join('three')).toBeUndefined();
    const cleared = vi.spyOn(FlightIndex.prototype, 'clear');
    expect(flights.join('three')).toBeUndefined();
    expect(cleared).not.toHaveBeenCalled();
    threads.leave(dying);
    expect(flights.join('three')).toMatchObject({ token: expect.any(Number) });
    cleared.mockRestore();
  });

  it('lets other threads load for themselves when there is no room for what it brings', async () => {
    const { a, b, left } = threeThreads(flightMemory(8, 64));
    const flown = [a.get('key'), b.get('key'), b.get('key')];
    begun[0]!.bring(bytes('x'.repeat(100)));
    expect(text(await flown[0]!)).toHaveLength(100);
    await until(() => begun.length === 2);
    expect(begun[1]).toMatchObject({ by: 1, key: 'key' });
    begun[1]!.bring(bytes('again'));
    expect((await Promise.all(flown)).map(text).slice(1)).toEqual(['again', 'again']);
    expect(left()).toEqual(NOTHING);
  });
});

describe('A voided flight', () => {
  it('is not stored and not joined, but answers those who had joined it', async () => {
    const { a, b, c, left } = threeThreads(flightMemory());
    const before = [a.get('key'), b.get('key')];
    expect(begun[0]!.ticket.isVoid).toBe(false);
    expect(c.void('other')).toBe(false);
    expect(c.void('key')).toBe(true);
    expect(c.void('key')).toBe(false);
    expect(begun[0]!.ticket.isVoid).toBe(true);
    const after = [a.get('key'), b.get('key'), c.get('key')];
    expect(begun).toHaveLength(2);
    expect(begun[1]!.ticket.isVoid).toBe(false);
    begun[1]!.bring(bytes('new'));
    expect((await Promise.all(after)).map(text)).toEqual(['new', 'new', 'new']);
    begun[0]!.bring(bytes('old'));
    expect((await Promise.all(before)).map(text)).toEqual(['old', 'old']);
    expect(begun[1]!.ticket.isVoid).toBe(true); // it has landed
    expect(left()).toEqual(NOTHING);
  });

  it('lands in any order with others of its key', async () => {
    const { a, b, c, left } = threeThreads(flightMemory());
    const flown: Promise<{ value: Uint8Array<ArrayBuffer> | undefined }>[] = [];
    for (let write = 0; write < 5; write++) {
      flown.push(a.get('key'), b.get('key'));
      c.void('key');
    }
    for (const at of [3, 0, 4, 1, 2]) begun[at]!.bring(bytes(String(at)));
    expect((await Promise.all(flown)).map(text)).toEqual(['0', '0', '1', '1', '2', '2', '3', '3', '4', '4']);
    expect(left()).toEqual(NOTHING);
  });

  it('may be those of all keys', async () => {
    const { a, b } = threeThreads(flightMemory());
    const flown = [a.get('one'), a.get('two')];
    b.voidAll();
    expect(begun.map(({ ticket }) => ticket.isVoid)).toEqual([true, true]);
    for (const { bring } of begun) bring(undefined);
    await Promise.all(flown);
    expect([a.count, ...a.verify()]).toEqual([0]);
  });
});
