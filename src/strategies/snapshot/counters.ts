/**
 * Counters, snapshot: readers use an immutable version; one writer at a time copies the pages it changes and publishes.
 *
 * Guarantee: linearizable; a page is one consistent cut, and reading it holds nobody up.
 * Cost: a read takes no lock; a write copies about two pages of 1 KiB in its turn. Writers wait for each other, never
 * for a reader: one that stays behind a thousand versions has writes refused, with `LOCK_TIMEOUT`, until it goes on.
 */
import { increased, swapped, type Counters } from '../../resources/counters.ts';
import { SnapshotCell } from '../../sync/snapshot-cell.ts';
import { SnapshotTable } from '../../sync/snapshot-table.ts';
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

    return {
      increment(key, by, call) {
        const written = snapshots.write(() => table.update(key, increased(by)), call); // the turn ends here
        return writeThrough.stored(key, written, call); // and only then do we wait
      },

      compareAndSet(key, expected, value, call) {
        const written = snapshots.write(() => table.update(key, swapped(expected, value)), call);
        return writeThrough.stored(key, written, call);
      },

      read(key) {
        return snapshots.read(() => table.read(key));
      },

      async delete(key, call) {
        const written = snapshots.write(() => table.remove(key), call);
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
