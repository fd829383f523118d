/**
 * Counters, async-lock: one asynchronous mutex guards the whole table, and its guard is held while the origin stores.
 *
 * Guarantee: linearizable, and nobody sees a value that is not stored; a page is one consistent cut.
 * Cost: the event loop never blocks, but everyone on all threads queues behind one origin round trip at a time.
 */
import { increased, swapped, type CounterChange, type Counters } from '../../resources/counters.ts';
import type { Call } from '../../resources/call.ts';
import { AsyncMutex } from '../../sync/async-mutex.ts';
import { sharedCounters, sharedCountersMemory } from '../counter-table.ts';
import type { Cell } from '../strategy.ts';
import { StoreFirst } from './store-first.ts';

export const counters: Cell<Counters> = {
  memory(settings) {
    const { locks, bytes } = sharedCountersMemory(settings, 1);
    return { locks, bytes: bytes + StoreFirst.bytes };
  },

  attach(context) {
    const { memory, settings, thread, origin } = context;
    const { records, table } = sharedCounters(context);
    const mutex = new AsyncMutex(memory.locks, 0, {
      name: context.name,
      ...thread,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      maxWaiting: settings.MAX_WAITING,
      repair: () => records.repair(0),
    });
    const note = memory.data.byteLength - StoreFirst.bytes;
    const stored = new StoreFirst(memory.data, note, settings.WRITE_THROUGH ? origin : undefined, table);

    const change = async (key: string, next: CounterChange, call: Call): Promise<number> => {
      await using _guard = await mutex.acquire(call);
      await stored.settle(call);
      const written = table.draft(key, next);
      await stored.commit(key, written, call); // the guard is held while we wait
      return written.value;
    };

    return {
      increment(key, by, call) {
        return change(key, increased(by), call);
      },

      compareAndSet(key, expected, value, call) {
        return change(key, swapped(expected, value), call);
      },

      async read(key, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return table.read(key);
      },

      async delete(key, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        const written = table.draftRemoval(key);
        if (written === undefined) return false;
        await stored.commit(key, written, call);
        return true;
      },

      async list(request, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return table.page(request);
      },

      restore(key, written) {
        table.commit(key, written);
      },
    };
  },
};
