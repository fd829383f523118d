/**
 * Counters, snapshot: readers use an immutable version; one writer at a time copies the pages it changes and publishes.
 *
 * Guarantee: linearizable; a page is one consistent cut, and reading it holds nobody up.
 * Cost: a read takes no lock; a write copies about two pages of 1 KiB in its turn. Writers wait for each other, never
 * for a reader: beside one that stays behind a thousand versions they try again, then are refused with `LOCK_TIMEOUT`.
 */
import type { Call } from '../../resources/call.ts';
import { increased, swapped, type CounterChange, type Counters } from '../../resources/counters.ts';
import { SnapshotCell } from '../../sync/snapshot-cell.ts';
import { SnapshotTable } from '../../sync/snapshot-table.ts';
import { whenUnheld } from '../../sync/when-unheld.ts';
import { CounterTable } from '../counter-table.ts';
import type { Cell } from '../strategy.ts';

export const counters: Cell<Counters> = {
  memory({ COUNTERS_CAPACITY }) {
    return { locks: 1, bytes: SnapshotCell.bytes({ words: SnapshotTable.words(COUNTERS_CAPACITY) }) };
  },

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const capacity = settings.COUNTERS_CAPACITY;
    const snapshots = new SnapshotCell({
      data: memory.data,
      words: SnapshotTable.words(capacity),
      lock: { locks: memory.locks, line: 0 },
      name: context.name,
      slot: thread.slot,
      threads: thread.threads,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
    });
    const records = new SnapshotTable(snapshots, capacity, context.hashSeed);
    const table = new CounterTable(records, { capacity, shards: 1, midway: context.lab.midway });

    const update = (key: string, change: CounterChange, call: Call) =>
      whenUnheld(() => snapshots.write(() => table.update(key, change), call), call);

    return {
      increment(key, by, call) {
        const written = update(key, increased(by), call); // the turn ends here
        if (written instanceof Promise) return written.then((late) => writeThrough.stored(key, late, call));
        return writeThrough.stored(key, written, call); // and only then do we wait
      },

      compareAndSet(key, expected, value, call) {
        const written = update(key, swapped(expected, value), call);
        if (written instanceof Promise) return written.then((late) => writeThrough.stored(key, late, call));
        return writeThrough.stored(key, written, call);
      },

      read(key) {
        return snapshots.read(() => table.read(key));
      },

      async delete(key, call) {
        const written = await whenUnheld(() => snapshots.write(() => table.remove(key), call), call);
        if (written === undefined) return false;
        await writeThrough.stored(key, written, call);
        return true;
      },

      list(request) {
        return snapshots.read(() => table.page(request));
      },

      restore(key, written) {
        snapshots.write(() => table.commit(key, written));
      },
    };
  },
};
