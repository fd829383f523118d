/**
 * Counters, unguarded: reads, awaits, then writes. Each step is safe by itself; nothing protects the three together.
 *
 * Guarantee: none. Whoever writes in between is overwritten: updates are lost on a hot key.
 * Cost: the wrong answer, quickly. The control of every comparison: if it lost nothing, the check would prove nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { increased, swapped, type CounterChange, type Counters } from '../../resources/counters.ts';
import type { Call } from '../../resources/call.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { sharedCounters, sharedCountersMemory } from '../counter-table.ts';
import type { Cell } from '../strategy.ts';

export const counters: Cell<Counters> = {
  memory: (settings) => sharedCountersMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread, origin } = context;
    const { records, table } = sharedCounters(context);
    // Keeps the table's own chains whole, as any thread-safe map would. It does not span the await below.
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => records.repair(0),
    });

    const change = async (key: string, next: CounterChange, call: Call): Promise<number> => {
      const seen = mutex.run(() => table.read(key), call); // read
      const value = next(seen);
      const written = mutex.run(() => ({ value, version: table.nextVersion(key) }));
      if (settings.WRITE_THROUGH) await origin.store([{ key, ...written }], call); // await
      else await nextTurn();
      mutex.run(() => table.commit(key, written), call); // write what may be out of date by now
      return value;
    };

    return {
      increment(key, by, call) {
        return change(key, increased(by), call);
      },

      compareAndSet(key, expected, value, call) {
        return change(key, swapped(expected, value), call);
      },

      read(key, call) {
        return mutex.run(() => table.read(key), call);
      },

      delete(key, call) {
        return mutex.run(() => table.remove(key), call) !== undefined;
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
