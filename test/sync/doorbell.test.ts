import { expect, it } from 'vitest';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';

it('goes on calling every listener when one throws, and warns', async () => {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const slot = ThreadTable.slot(0, 0);
  threads.enter(slot);
  using doorbell = new Doorbell(threads, slot);
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  doorbell.onRing(() => {
    throw new Error('of a listener');
  });
  for (let ring = 0; ring < 2; ring++) {
    const heard = new Promise<void>((resolve) => doorbell.onRing(resolve));
    threads.ring(0);
    await heard;
  }
  expect((await warned).message).toBe('of a listener');
});
