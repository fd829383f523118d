import { labMemory } from '../lab-memory.ts';
import { measureServed } from '../lab-server.ts';
import { LabThread } from '../lab-thread.ts';
import type { Pitfall } from '../pitfall.ts';
import type { WarehouseData } from './reporter-thread.ts';

const ITEMS = 60_000;
const PAUSE_MS = 60;
const reporterEntry = new URL('./reporter-thread.ts', import.meta.url);
const serverEntry = new URL('./server-thread.ts', import.meta.url);
const LOAD = { times: 200, intervalMs: 5 };

export const blockingOnALock: Pitfall<'bystander' | 'delay'> = {
  name: 'blocking-on-a-lock',
  title: 'Blocking an event loop on a contended lock',
  symptom:
    'Now and then every endpoint is slow at once, also those that touch no shared state, on threads whose CPU is idle.',
  why:
    'Who waits for a blocking lock waits with the whole event loop. While one thread writes a report under the lock, ' +
    'another one that only wants to read a number is parked, and with it everything else that it serves: health ' +
    'checks, timers, open connections. It uses no CPU meanwhile, so a profile shows nothing.',
  fix:
    'Keep the section short: copy under the lock, work on the copy. Where a copy is too much, give readers an immutable ' +
    'snapshot that no writer waits for; where many threads meet over different keys, shard the lock.',
  embodied: {
    name: 'snapshot',
    path: 'src/strategies/snapshot/counters.ts',
    how: 'a listing reads one version and holds no lock; sharded makes it rare that two threads meet',
  },
  setting:
    `One thread writes reports on ${ITEMS.toLocaleString('en-US')} items with a pause of ${PAUSE_MS} ms; another serves ` +
    `${1000 / LOAD.intervalMs} reads a second over HTTP, and /healthz, which needs no lock, 1,000 times in a second.`,
  measures: {
    bystander: { name: 'p99 of an unrelated endpoint', unit: 'ms', better: 'lower' },
    delay: { name: 'p99 of the event-loop delay', unit: 'ms', better: 'lower' },
  },

  async measure(version) {
    const memory = labMemory(ITEMS);
    new Int32Array(memory.data).forEach((_, item, levels) => (levels[item] = Math.imul(item, 0x9e3779b1)));
    const data: WarehouseData = { version, memory, pauseMs: PAUSE_MS };
    await using reporter = await LabThread.start<number>(reporterEntry, data);
    const served = await measureServed(serverEntry, data, { path: '/levels/7', load: LOAD });
    await reporter.findings();
    return { bystander: served.bystanderP99Ms, delay: served.loopP99Ms };
  },
};
