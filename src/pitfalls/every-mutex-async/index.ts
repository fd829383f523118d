import { setTimeout as after } from 'node:timers/promises';
import { labMemory, LabSeat } from '../lab-memory.ts';
import { findingsOf } from '../lab-thread.ts';
import type { Pitfall, Version } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';
import type { StockData } from './thread.ts';

const THREADS = 2;
const ITEMS = 64;
const MEASURED_MS = 400;
const ANNOUNCE_MS = 5;

export const everyMutexAsync: Pitfall<'changes' | 'restock'> = {
  name: 'every-mutex-async',
  title: 'Every mutex made async',
  symptom:
    'All code that touches the map has become async. The service uses more CPU for the same requests, and a small change ' +
    'somewhere has made unrelated keys wait for each other.',
  why:
    'A lock around a few nanoseconds of work is free almost always, and waiting for it in place is cheaper than a ' +
    'promise, a queue and a wake-up. Worse is what an async guard allows: any await may slip in under it, and then the ' +
    'lock is held for as long as that takes. Nothing warns: it compiles, counts correctly, and serialises everybody.',
  fix:
    'Guard in-memory data with a blocking mutex hidden behind a synchronous method. Nobody can await inside it, so it ' +
    'stays short. Keep the async mutex for the case it is for: I/O that belongs to the critical section.',
  embodied: {
    name: 'sync-lock',
    path: 'src/strategies/sync-lock/counters.ts',
    how: 'every method is one `run`; async-lock shows what the other one is for, and what it costs',
  },
  setting:
    `${THREADS} threads change ${ITEMS} items as fast as they can for ${MEASURED_MS} ms; then ${ITEMS} different items are restocked ` +
    `at once, where announcing each takes ${ANNOUNCE_MS} ms.`,
  measures: {
    changes: { name: 'changes in memory', unit: '/s', better: 'higher' },
    restock: { name: `restocking ${ITEMS} different items`, unit: 'ms', better: 'lower' },
  },

  async measure(version) {
    return { changes: await changesPerSecond(version), restock: await restockMs(version) };
  },
};

async function changesPerSecond(version: Version): Promise<number> {
  const memory = labMemory(ITEMS);
  const data = Array.from({ length: THREADS }, (_, position): StockData => ({
    version,
    memory,
    position,
    items: ITEMS,
    forMs: MEASURED_MS,
  }));
  const rates = await findingsOf<number>(new URL('./thread.ts', import.meta.url), data);
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function restockMs(version: Version): Promise<number> {
  using seat = new LabSeat(labMemory(ITEMS), 0);
  const stock = new { broken, fixed }[version].Stock(seat);
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: ITEMS }, (_, item) => stock.restock(item, 1, () => after(ANNOUNCE_MS))));
  return performance.now() - startedMs;
}
