import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SingleFlight } from '../../src/sync/single-flight.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { bury, flightMemory, openFlights } from '../support/flight-memory.ts';
import { begun, bytes, text, threeThreads, until, use } from '../support/flight-threads.ts';

describe('When the thread dies that loads', () => {
  const FIRST = ThreadTable.slot(0, 0);

  it('exactly one of those that wait loads again', async () => {
    const memory = flightMemory();
    const { a, b, c } = threeThreads(memory);
    a.get('key').catch(() => {});
    const flown = [b.get('key'), c.get('key'), b.get('key')];
    bury(memory, FIRST);
    await until(() => begun.length > 1);
    expect(begun).toHaveLength(2);
    expect(begun[0]!.ticket.isVoid).toBe(true);
    expect(begun[1]!.ticket.isVoid).toBe(false);
    begun[1]!.bring(bytes('second'));
    expect((await Promise.all(flown)).map(text)).toEqual(['second', 'second', 'second']);
    expect(begun).toHaveLength(2);
    expect([b.count, ...b.verify()]).toEqual([0]);
  });

  it('whoever comes first loads again, also when nobody waits', async () => {
    const memory = flightMemory();
    const { a, b } = threeThreads(memory);
    a.get('key').catch(() => {});
    bury(memory, FIRST);
    const flown = b.get('key');
    expect(begun.map(({ by }) => by)).toEqual([0, 1]);
    begun[1]!.bring(undefined);
    expect(await flown).toEqual({ value: undefined, collapsed: false });
    expect([b.count, ...b.verify()]).toEqual([0]);
  });

  it('a voided load is loaded again for those that wait, and still not stored', async () => {
    const memory = flightMemory();
    const { a, b, c } = threeThreads(memory);
    a.get('key').catch(() => {});
    const flown = b.get('key');
    c.void('key');
    bury(memory, FIRST);
    await until(() => begun.length > 1);
    expect(begun[1]!.ticket.isVoid).toBe(true);
    begun[1]!.bring(bytes('again'));
    expect(text(await flown)).toBe('again');
    expect([b.count, ...b.verify()]).toEqual([0]);
  });

  it('what it leaves behind is cleared away by who takes its place, or who needs the room', async () => {
    const memory = flightMemory(2);
    const { a, b, c } = threeThreads(memory);
    for (const key of ['one', 'two']) a.get(key).catch(() => {});
    bury(memory, FIRST);
    const flown = b.get('three');
    expect(begun[2]!.ticket.isVoid).toBe(false);
    begun[2]!.bring(undefined);
    await flown;
    expect(b.count).toBe(0);

    c.get('one').catch(() => {});
    const other = b.get('two');
    c.get('two').catch(() => {}); // waits, and will never see it land
    bury(memory, ThreadTable.slot(2, 0));
    begun[4]!.bring(bytes('value'));
    await other;
    expect(b.count).toBe(1);
    const successor = use(openFlights(memory, ThreadTable.slot(2, 1), () => Promise.resolve(undefined)));
    expect([b.count, successor.arena.used, ...b.verify(), ...successor.arena.verify()]).toEqual([0, 0]);
  });
});

it('many joins, voids and departures leave nothing behind', async () => {
  const memory = flightMemory(16);
  let loads = 0;
  const opened = [0, 1].map((by) =>
    use(
      openFlights(memory, ThreadTable.slot(by, 0), async (key) => {
        loads += 1;
        if (loads % 5 === 0) await turn();
        if (loads % 7 === 0) throw new Error('refused');
        return loads % 3 === 0 ? undefined : bytes(key);
      }),
    ),
  );
  const [a, b] = opened.map(({ flights }) => flights) as [SingleFlight, SingleFlight];
  const joins = Number(process.env['FLIGHT_JOINS'] ?? 20_000);
  for (let done = 0; done < joins; done += 100) {
    const signal = AbortSignal.timeout(1);
    const batch = Array.from({ length: 100 }, (_, at) =>
      (at % 2 === 0 ? a : b).get(`key ${at % 11}`, at % 13 === 0 ? { signal } : {}),
    );
    if (done % 300 === 0) a.void('key 3');
    await Promise.allSettled(batch);
  }
  await until(() => a.count === 0);
  expect([a.waiting, b.waiting, opened[0]!.arena.used, ...a.verify(), ...opened[0]!.arena.verify()]).toEqual([0, 0, 0]);
  expect(loads).toBeLessThan(joins);
});
