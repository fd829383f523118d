/**
 * Counters, sync-lock: one blocking mutex guards the whole table; every guard ends before anything is awaited.
 *
 * Guarantee: linearizable; a page is one consistent cut.
 * Cost: one uncontended lock per call. Who waits stops its whole event loop, so a long listing is felt by everyone.
 */
import { increased, swapped, type Counters } from '../../resources/counters.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { sharedCounters, sharedCountersMemory } from '../counter-table.ts';
import type { Cell } from '../strategy.ts';

export const counters: Cell<Counters> = {
  memory: (settings) => sharedCountersMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const { records, table } = sharedCounters(context);
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => records.repair(0),
    });

    return {
      increment(key, by, call) {
        const written = mutex.run(() => table.update(key, increased(by)), call); // the guard ends here
        return writeThrough.stored(key, written, call); // and only then do we wait
      },

      compareAndSet(key, expected, value, call) {
        const written = mutex.run(() => table.update(key, swapped(expected, value)), call);
        return writeThrough.stored(key, written, call);
      },

      read(key, call) {
        return mutex.run(() => table.read(key), call);
      },

      async delete(key, call) {
        const written = mutex.run(() => table.remove(key), call);
        if (written === undefined) return false;
        await writeThrough.stored(key, written, call);
        return true;
      },

      list(request, call) {
        return mutex.run(() => table.page(request), call);
      },

      restore(key, written) {
        mutex.run(() => table.commit(key, written));
      },
    };
  },
};
