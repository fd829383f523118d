/**
 * Counters, single-thread: a `Map`, no lock, no shared memory.
 *
 * Guarantee: linearizable, because on one event loop nothing runs between two lines without an `await`.
 * Cost: one thread. What it cannot do is use a second core. A page costs its own length.
 */
import type { Written } from '../../origin/origin.ts';
import { increased, swapped, type CounterChange, type Counters } from '../../resources/counters.ts';
import { CapacityError } from '../../errors.ts';
import { ThreadTable } from '../../sync/thread-table.ts';
import type { Cell } from '../strategy.ts';
import { InOrder } from './in-order.ts';

export const counters: Cell<Counters> = {
  attach({ settings, thread, writeThrough, lab }) {
    const table = new Map<string, { value: number; readonly serial: number }>();
    const order = new InOrder<string>();
    let version = ThreadTable.firstNumber(thread.slot); // newer than what a predecessor of this thread stored

    const change = (key: string, next: CounterChange): Written<number> => {
      const entry = table.get(key);
      const value = next(entry?.value);
      lab.midway();
      if (entry !== undefined) entry.value = value;
      else if (table.size >= settings.COUNTERS_CAPACITY)
        throw new CapacityError('counters', settings.COUNTERS_CAPACITY);
      else table.set(key, { value, serial: order.add(key) });
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
        const entry = table.get(key);
        if (entry === undefined) return false;
        table.delete(key);
        order.remove(entry.serial);
        await writeThrough.stored(key, { value: undefined, version: ++version }, call);
        return true;
      },

      list({ limit, cursor }) {
        const found = order
          .from(cursor)
          .take(limit + 1)
          .toArray();
        const page = found.slice(0, limit).map(([, key]) => ({ key, value: table.get(key)!.value }));
        return { counters: page, total: table.size, cursor: found[limit]?.[0] };
      },

      restore(key, { value }) {
        if (value !== undefined) table.set(key, { value: Number(value), serial: order.add(key) });
      },
    };
  },
};
