/**
 * Counters, actor: one thread owns the table; everyone else sends it messages and awaits the reply.
 *
 * Guarantee: linearizable, because the owner does one thing at a time; a page is one consistent cut.
 * Cost: a message and a reply between threads per call, and one more thread. Under load both travel in batches, and the
 * writes of one turn go to the origin together.
 */
import { increased, swapped, type Counters } from '../../resources/counters.ts';
import { sharedCounters, sharedCountersMemory } from '../counter-table.ts';
import type { Cell } from '../strategy.ts';
import { askOwner } from './ask-owner.ts';

export const counters: Cell<Counters> = {
  memory: (settings) => sharedCountersMemory(settings, 0),

  /** In the owner thread: no lock, nobody else touches the table. */
  own(context) {
    const { writeThrough } = context;
    const { records, table } = sharedCounters(context);
    records.repair(0); // what a dead predecessor left half-done

    return {
      increment(key, by, call) {
        const written = table.update(key, increased(by));
        return writeThrough.stored(key, written, call);
      },

      compareAndSet(key, expected, value, call) {
        const written = table.update(key, swapped(expected, value));
        return writeThrough.stored(key, written, call);
      },

      read(key) {
        return table.read(key);
      },

      async delete(key, call) {
        const written = table.remove(key);
        if (written === undefined) return false;
        await writeThrough.stored(key, written, call);
        return true;
      },

      list(request) {
        return table.page(request);
      },

      restore(key, written) {
        table.commit(key, written);
      },
    };
  },

  /** In every HTTP thread: messages. */
  attach(context) {
    const ask = askOwner<Counters>(context);

    return {
      increment: (key, by, call) => ask('increment', [key, by], call),
      compareAndSet: (key, expected, value, call) => ask('compareAndSet', [key, expected, value], call),
      read: (key, call) => ask('read', [key], call),
      delete: (key, call) => ask('delete', [key], call),
      list: (request, call) => ask('list', [request], call),
    };
  },
};
