/**
 * Counters, atomic: an atomic read-modify-write on the counter's slot. The floor: nothing shared can be cheaper.
 *
 * Guarantee: linearizable per key. There is no listing and no write-through: both need more than one word to change at
 * once, which is what locks are for. A deleted counter keeps its slot.
 * Cost: one compare-and-exchange, repeated when another thread was quicker. Only the first use of a key takes a lock.
 *
 * Ordering: the slot is one 64-bit word, and every change of it is one `compareExchange` from the value it was decided
 * on; each is the moment at which its operation takes effect.
 */
import { CapacityError, NotApplicableError } from '../../errors.ts';
import { increased, swapped, type CounterChange, type Counters } from '../../resources/counters.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { sharedCounters, sharedCountersMemory } from '../counter-table.ts';
import { unsupported, type Cell } from '../strategy.ts';

/** In a slot whose counter does not exist: no value is that large. */
const ABSENT = -(2n ** 63n);

export const counters: Cell<Counters> = {
  memory: (settings) => sharedCountersMemory(settings, 1),

  attach(context) {
    const { memory, settings, thread } = context;
    if (settings.WRITE_THROUGH) return unsupported('one word cannot hold a value and its version; see WRITE_THROUGH');
    const { records } = sharedCounters(context);
    const slots = new BigInt64Array(memory.data, 0, memory.data.byteLength >>> 3);
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      repair: () => records.repair(0),
    });
    const known = new Map<string, number>(); // slots never move, so each thread looks a key up once

    const find = (key: string, orInsert: boolean): number => {
      const slot = known.get(key);
      if (slot !== undefined) return slot;
      const record = mutex.run(() => {
        const found = records.find(key);
        return found !== -1 || !orInsert ? found : records.insert(key, (at) => void (slots[at >>> 1] = ABSENT));
      });
      if (record === -1) return -1;
      known.set(key, records.payloadOf(record) >>> 1);
      return records.payloadOf(record) >>> 1;
    };

    const change = (key: string, next: CounterChange): number => {
      let slot = find(key, false);
      if (slot === -1) next(undefined); // what is refused takes no slot
      slot = find(key, true);
      if (slot === -1) throw new CapacityError('counters', settings.COUNTERS_CAPACITY);
      for (;;) {
        const seen = Atomics.load(slots, slot);
        const value = next(seen === ABSENT ? undefined : Number(seen));
        if (Atomics.compareExchange(slots, slot, seen, BigInt(value)) === seen) return value;
      }
    };

    return {
      increment(key, by) {
        return change(key, increased(by));
      },

      compareAndSet(key, expected, value) {
        return change(key, swapped(expected, value));
      },

      read(key) {
        const slot = find(key, false);
        const value = slot === -1 ? ABSENT : Atomics.load(slots, slot);
        return value === ABSENT ? undefined : Number(value);
      },

      delete(key) {
        const slot = find(key, false);
        return slot !== -1 && Atomics.exchange(slots, slot, ABSENT) !== ABSENT;
      },

      list() {
        throw new NotApplicableError('atomic words have no common moment, so there is no consistent page of them');
      },
    };
  },
};
