/**
 * Async lock: one asynchronous mutex per resource across all threads, held while the origin is awaited.
 *
 * Guarantee: linearizable, and nobody sees a value that the origin does not have. No event loop ever blocks.
 * Cost: with 5 ms of I/O under the guard the whole service does about 190 writes a second, whatever the load.
 *
 * Use it when the I/O belongs to the critical section: a dedicated connection with a multi-step protocol, or state
 * that must never run ahead of the store.
 * Not around in-memory work, and not around I/O that could as well happen after the guard.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const asyncLock: Strategy = {
  name: 'async-lock',
  kind: 'strategy',
  summary: 'one asynchronous mutex, held while the origin is awaited',
  cells: { counters, cache, connections, config },
};
