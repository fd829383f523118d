import { expect, it } from 'vitest';
import { Expiries, PART } from '../../src/strategies/expiries.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';

function opened() {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  for (const position of [0, 1]) threads.enter(ThreadTable.slot(position, 0));
  const capacity = 2 * PART;
  const expiries = new Expiries(new SharedArrayBuffer(Expiries.bytes(capacity)), 0, capacity, threads);
  return { threads, expiries, due: (nowMs: number) => [...expiries.due(nowMs)] };
}

it('a part is due from the moment on that was told', () => {
  const { expiries, due } = opened();
  expect(due(0)).toEqual([0, 1]); // nothing is known yet
  expiries.tell(0, 100, expiries.living());
  expiries.tell(1, 50, expiries.living());
  expect([due(49), due(50), due(100)]).toEqual([[], [1], [0, 1]]);
});

it('every part is due once a thread has died, also one that was looked at before and is told after', () => {
  const { threads, expiries, due } = opened();
  due(0);
  const before = expiries.living();
  expiries.tell(1, 100, before);
  threads.leave(ThreadTable.slot(1, 0));
  expect(due(0)).toEqual([0, 1]);
  expiries.tell(0, 100, before); // of a look that saw its WebSockets
  expiries.tell(1, 100, expiries.living());
  expect(due(0)).toEqual([0]);
});
