/**
 * Deliberately broken: every method breaks its promise in a way that a careless strategy would. Every case of a contract
 * suite must go red on it; a case that stays green proves nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { replacedBy, type Config, type ConfigDocument } from '../../src/resources/config.ts';
import type { Counters } from '../../src/resources/counters.ts';
import { sharedCounters, sharedCountersMemory } from '../../src/strategies/counter-table.ts';
import { ConfigRegister } from '../../src/strategies/config-register.ts';
import type { Cell, CellContext, Strategy } from '../../src/strategies/strategy.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { brokenCache } from './broken-cache.ts';
import { brokenConnections } from './broken-connections.ts';

/** Each step under the lock, as a thread-safe map would have it. */
function stepwise(context: CellContext) {
  const { records, table } = sharedCounters(context);
  const repair = () => records.repair(0);
  const mutex = new SyncMutex(context.memory.locks, 0, {
    name: 'broken',
    slot: context.thread.slot,
    timeoutMs: 2000,
    repair,
  });
  return {
    read: (key: string) => mutex.run(() => table.read(key)),
    set: (key: string, value: number) => mutex.run(() => table.update(key, () => value).value),
    delete: (key: string) => mutex.run(() => table.remove(key)),
    list: (limit: number, cursor: number) => mutex.run(() => table.page({ limit, cursor })),
  };
}

const counters: Cell<Counters> = {
  memory: (settings) => sharedCountersMemory({ ...settings, COUNTERS_CAPACITY: settings.COUNTERS_CAPACITY + 1 }, 1),

  attach(context) {
    const { settings } = context;
    const larger = { ...settings, COUNTERS_CAPACITY: settings.COUNTERS_CAPACITY + 1 }; // forgets its capacity
    const inner = stepwise({ ...context, settings: larger });
    let lastPage = 0;
    const remembered = new Map<string, number>();

    return {
      async increment(key, by) {
        const trimmed = key.trimEnd(); // takes two keys for one
        const seen = inner.read(trimmed) ?? 0;
        await nextTurn(); // somebody else writes here
        const next = Math.max(Math.min(seen + by, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER); // no overflow check
        return inner.set(trimmed, next);
      },

      compareAndSet(key, _expected, value) {
        return inner.set(key, value); // never compares
      },

      read(key) {
        const first = remembered.get(key) ?? inner.read(key) ?? 0; // none looks like 0
        remembered.set(key, first); // each thread has a copy that nobody refreshes
        return first;
      },

      delete(key) {
        inner.delete(key);
        return true; // also when there was none
      },

      async list({ limit, cursor }) {
        const page = inner.list(limit, Math.max(0, cursor - 1));
        await nextTurn();
        lastPage += page.counters.length;
        return { ...page, total: lastPage }; // overlapping pages, and a total of its own making
      },
    };
  },
};

const config: Cell<Config> = {
  memory: () => ({ locks: 1, bytes: ConfigRegister.bytes }),

  attach({ memory }) {
    const register = new ConfigRegister(memory.data, () => {});
    let remembered: ConfigDocument | undefined; // each thread has a copy that nobody refreshes

    return {
      read() {
        remembered ??= register.read();
        return remembered;
      },

      async replace(values, _expected) {
        const next = register.draft(replacedBy(values, '*')); // whatever the version
        await nextTurn(); // somebody else writes here
        register.write(next);
        return next;
      },
    };
  },
};

export const brokenStrategy: Strategy = {
  name: 'broken',
  kind: 'control',
  summary: 'breaks every promise',
  cells: { counters, cache: brokenCache, connections: brokenConnections, config },
};
