/**
 * Sync lock: one blocking mutex per resource, in shared memory.
 *
 * Guarantee: linearizable; every critical section is short and ends before anything is awaited.
 * Cost: an uncontended lock is some 30 ns. A waiter blocks its whole event loop, and with it every other request there.
 *
 * Use it for small in-memory data hidden behind synchronous methods: this is the right default.
 * Not when sections are long (a listing of thousands) or one lock is hot on many threads: shard, or publish snapshots.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const syncLock: Strategy = {
  name: 'sync-lock',
  kind: 'strategy',
  summary: 'one blocking mutex; the guard ends before anything is awaited',
  cells: { counters, cache, connections, config },
};
