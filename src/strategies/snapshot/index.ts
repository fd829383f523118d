/**
 * Snapshot: readers use an immutable version; one writer at a time copies the pages it changes and publishes.
 *
 * Guarantee: linearizable; a reader never blocks and never sees half a change, however much it reads. A writer that dies
 * in its turn has changed nothing.
 * Cost: a read is two stores and a few loads more than reading plain memory; a write copies pages, and writers take turns.
 *
 * Use it when reading prevails, or when whole consistent listings are read beside writes: config, routing tables, maps.
 * Not when writes prevail, which one lock does for less, nor when a reader would keep its version for long: old versions
 * take memory, which is bounded. No writer waits for that reader; in the end writes are refused until it is done.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const snapshot: Strategy = {
  name: 'snapshot',
  kind: 'strategy',
  summary: 'readers use an immutable version; one writer at a time copies pages and publishes',
  cells: { counters, cache, connections, config },
};
