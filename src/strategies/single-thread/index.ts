/**
 * Single thread: the plain `Map` that one would write without threads. Baseline: what you may need instead of all this.
 *
 * Guarantee: linearizable. On one event loop synchronous code needs no lock; only state carried across an await does.
 * Cost: one core, and nothing is shared with another process or thread.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const singleThread: Strategy = {
  name: 'single-thread',
  kind: 'baseline',
  summary: 'a plain Map on one thread, no lock and no shared memory',
  threads: 1,
  cells: { counters, cache, connections, config },
};
