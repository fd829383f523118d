import { labMemory } from '../lab-memory.ts';
import { findingsOf } from '../lab-thread.ts';
import type { Pitfall } from '../pitfall.ts';
import type { HitsData, HitsFindings } from './thread.ts';

const THREADS = 2;
const BURSTS = 30;
const HITS_PER_BURST = 10;
const STORE_MS = 10;

export const guardAcrossAwait: Pitfall<'deadlocks' | 'delay'> = {
  name: 'guard-across-await',
  title: 'A guard held across an await',
  symptom:
    'Fine in every test. Then two requests meet, and the thread answers nothing any more: no error, no load, no log line.',
  why:
    'A blocking lock stops its event loop while it waits. The task that holds the guard waits for its I/O on that same ' +
    'event loop, so it can never come back to end the guard: the thread waits for itself. Between two threads it is ' +
    'milder and just as bad: the other one stands still for the whole round trip, with everything it serves.',
  fix:
    'Copy out what you need, end the guard, then await. Best is a lock that cannot be held across an await: ' +
    '`SyncMutex.run(critical)` gives no guard away, a promise does not type-check, and a thread that would wait for ' +
    'itself is told so at once.',
  embodied: {
    name: 'sync-lock',
    path: 'src/strategies/sync-lock/counters.ts',
    how: 'changes memory under the guard, stores after it',
  },
  setting:
    `${THREADS} threads, each with ${BURSTS} bursts of ${HITS_PER_BURST} requests on one shared counter; storing takes ${STORE_MS} ms. ` +
    'The lab counts a deadlock where the textbook lock would hang.',
  measures: {
    deadlocks: { name: 'deadlocks, each the end of its thread', unit: '', better: 'lower' },
    delay: { name: 'p99 of the event-loop delay', unit: 'ms', better: 'lower' },
  },

  async measure(version) {
    const memory = labMemory(1);
    const data = Array.from({ length: THREADS }, (_, position): HitsData => ({
      version,
      memory,
      position,
      bursts: BURSTS,
      hitsPerBurst: HITS_PER_BURST,
      storeMs: STORE_MS,
    }));
    const findings = await findingsOf<HitsFindings>(new URL('./thread.ts', import.meta.url), data);
    return {
      deadlocks: findings.reduce((sum, { deadlocks }) => sum + deadlocks, 0),
      delay: Math.max(...findings.map(({ loopP99Ms }) => loopP99Ms)),
    };
  },
};
