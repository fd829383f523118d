/**
 * Counters, single-thread: a `Map`, no lock, no shared memory.
 *
 * Guarantee: linearizable, because on one event loop nothing runs between two lines without an `await`.
 * Cost: one thread. What it cannot do is use a second core.
 */
import type { Written } from '../../origin/origin.ts';
import { increased, swapped, type CounterChange, type Counters } from '../../resources/counters.ts';
import { CapacityError } from '../../errors.ts';
import { ThreadTable } from '../../sync/thread-table.ts';
import type { Cell } from '../strategy.ts';

export const counters: Cell<Counters> = {
  attach({ settings, thread, writeThrough, lab }) {
    const table = new Map<string, { value: number; readonly serial: number }>();
    let version = ThreadTable.firstNumber(thread.slot); // newer than what a predecessor of this thread stored
    let serial = 0;

    const change = (key: string, next: CounterChange): Written<number> => {
      const entry = table.get(key);
      const value = next(entry?.value);
      lab.midway();
      if (entry !== undefined) entry.value = value;
      else if (table.size >= settings.COUNTERS_CAPACITY)
        throw new CapacityError('counters', settings.COUNTERS_CAPACITY);
      else table.set(key, { value, serial: serial++ });
      return { value, version: ++version };
    };

    return {
      increment(key, by, call) {
        return writeThrough.stored(key, change(key, increased(by)), call);
      },

      compareAndSet(key, expected, value, call) {
        return writeThrough.stored(key, change(key, swapped(expected, value)), call);
      },

      read(key) {
        return table.get(key)?.value;
      },

      async delete(key, call) {
        if (!table.delete(key)) return false;
        await writeThrough.stored(key, { value: undefined, version: ++version }, call);
        return true;
      },

      list({ limit, cursor }) {
        const found: { key: string; value: number }[] = [];
        for (const [key, entry] of table) {
          if (entry.serial < cursor) continue; // a Map keeps insertion order, so serials only grow
          if (found.length === limit) return { counters: found, total: table.size, cursor: entry.serial };
          found.push({ key, value: entry.value });
        }
        return { counters: found, total: table.size, cursor: undefined };
      },

      restore(key, { value }) {
        if (value !== undefined) table.set(key, { value: Number(value), serial: serial++ });
      },
    };
  },
};
