import { labMemory, LabSeat } from '../lab-memory.ts';
import type { Pitfall } from '../pitfall.ts';
import { quantile } from '../probe.ts';
import * as broken from './broken.ts';
import { Client } from './client.ts';
import * as fixed from './fixed.ts';

const ROUND_TRIP_MS = 5;
const CALLERS = 50;
const MEASURED_MS = 700;

export const oneMutexAroundAClient: Pitfall<'rate' | 'wait'> = {
  name: 'one-mutex-around-a-client',
  title: 'One mutex around an async client',
  symptom:
    'The database is idle, the service is idle, and requests take a quarter of a second. More clients make it slower, not faster.',
  why:
    'A mutex that is held for a round trip lets one request through per round trip: 1000 ms / 5 ms = 200 a second, ' +
    'however many ask. The others queue in front of it, and their wait grows with their number. Such a client needs no ' +
    'protection: it sends requests one after another and matches the replies in order, or by number.',
  fix:
    'Share the client without a mutex, and let it pipeline. If a connection can carry one request at a time only (a ' +
    'transaction, a subscription), keep a pool of them and as many permits as there are connections.',
  embodied: {
    name: 'sync-lock',
    path: 'src/strategies/sync-lock/counters.ts',
    how: 'stores through one shared connection with no guard around it; async-lock holds its guard across the same call',
  },
  setting: `${CALLERS} callers, each asking again as soon as it is answered, for ${MEASURED_MS} ms; a round trip takes ${ROUND_TRIP_MS} ms.`,
  measures: {
    rate: { name: 'requests', unit: '/s', better: 'higher' },
    wait: { name: 'median answer time', unit: 'ms', better: 'lower' },
  },

  async measure(version) {
    const { Sessions } = { broken, fixed }[version];
    using seat = new LabSeat(labMemory(1), 0);
    const sessions = new Sessions(new Client(ROUND_TRIP_MS), seat.asyncMutex());
    const startedMs = performance.now();
    const tookMs: number[] = [];
    const caller = async (session: string): Promise<void> => {
      while (performance.now() - startedMs < MEASURED_MS) {
        const askedMs = performance.now();
        await sessions.userOf(session);
        tookMs.push(performance.now() - askedMs);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, at) => caller(`session-${at}`)));
    return { rate: (tookMs.length * 1000) / (performance.now() - startedMs), wait: quantile(tookMs, 0.5) };
  },
};
