/**
 * Sharded: the state is split by a seeded hash of the key over N shards, each under a blocking mutex of its own.
 *
 * Guarantee: linearizable per key; what spans shards (a listing, a total) is one cut per shard.
 * Cost: that of one lock when alone. Under load different keys rarely meet; one hot key still has one lock.
 *
 * Use it when many threads write many keys and one lock has become hot.
 * Not when one key takes most of the writes, or when a cut across all keys must be exact: one lock is simpler.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const sharded: Strategy = {
  name: 'sharded',
  kind: 'strategy',
  summary: 'many blocking mutexes, chosen by a seeded hash of the key',
  cells: { counters, cache, connections, config },
};
