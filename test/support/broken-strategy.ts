/**
 * Deliberately broken: every method breaks its promise in a way that a careless strategy would. Every case of a contract
 * suite must go red on it; a case that stays green proves nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Counters } from '../../src/resources/counters.ts';
import { syncLock } from '../../src/strategies/sync-lock/index.ts';
import type { Cell, Strategy } from '../../src/strategies/strategy.ts';

const sound = syncLock.cells.counters as Cell<Counters>;

const counters: Cell<Counters> = {
  memory: (settings) => sound.memory!({ ...settings, COUNTERS_CAPACITY: settings.COUNTERS_CAPACITY + 1 }),

  async attach(context) {
    const { settings } = context;
    const larger = { ...settings, COUNTERS_CAPACITY: settings.COUNTERS_CAPACITY + 1 }; // forgets its capacity
    const inner = await sound.attach({ ...context, settings: larger });
    let lastPage = 0;
    const remembered = new Map<string, number>();

    return {
      async increment(key, by, call) {
        const trimmed = key.trimEnd(); // takes two keys for one
        const seen = (await inner.read(trimmed, call)) ?? 0;
        await nextTurn(); // somebody else writes here
        const now = (await inner.read(trimmed, call)) ?? 0;
        const next = Math.max(Math.min(seen + by, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER); // no overflow check
        return inner.increment(trimmed, next - now, call);
      },

      async compareAndSet(key, _expected, value, call) {
        const now = (await inner.read(key, call)) ?? 0;
        return inner.compareAndSet(key, now, value, call); // compares with what it just read
      },

      async read(key, call) {
        const first = remembered.get(key) ?? (await inner.read(key, call)) ?? 0; // none looks like 0
        remembered.set(key, first); // each thread has a copy that nobody refreshes
        return first;
      },

      async delete(key, call) {
        await inner.delete(key, call);
        return true; // also when there was none
      },

      async list(request, call) {
        const page = await inner.list({ limit: request.limit, cursor: Math.max(0, request.cursor - 1) }, call);
        await nextTurn();
        lastPage += page.counters.length;
        return { ...page, total: lastPage }; // overlapping pages, and a total of its own making
      },
    };
  },
};

export const brokenStrategy: Strategy = {
  name: 'broken',
  kind: 'control',
  summary: 'breaks every promise',
  cells: { counters },
};
