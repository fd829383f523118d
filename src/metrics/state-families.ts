/** What is in the shared state, as the resources themselves tell. */
import type { ServedStrategy } from '../app.ts';
import type { CacheStats } from '../resources/cache.ts';
import type { Call } from '../resources/call.ts';
import { counter, type Family, gauge } from './families.ts';

/** A strategy that cannot answer now (its owner on the way, a lock not free) is left out of this scrape. */
export async function stateFamilies(served: readonly ServedStrategy[], call: Call): Promise<Family[]> {
  const states = await Promise.all(served.map((one) => stateOf(one, call)));
  const cached = states.flatMap(({ labels, cache }) => (cache === undefined ? [] : [{ labels, cache }]));
  const connected = states.flatMap(({ labels, connections: value }) =>
    value === undefined ? [] : [{ labels, value }],
  );
  const ofCache = (name: keyof CacheStats) => cached.map(({ labels, cache }) => ({ labels, value: cache[name] }));
  return [
    gauge('cache_entries', 'Documents in the cache', ofCache('entries')),
    gauge('cache_bytes', 'What keeping them takes', ofCache('bytes')),
    counter('cache_hits_total', 'Reads answered from the cache', ofCache('hits')),
    counter('cache_misses_total', 'Reads that were not', ofCache('misses')),
    counter('cache_collapsed_total', 'Misses that waited for the load of another', ofCache('collapsed')),
    counter('cache_evictions_total', 'Documents that left to make room', ofCache('evictions')),
    counter('cache_expired_total', 'Documents found to be expired', ofCache('expired')),
    counter('cache_origin_loads_total', 'Loads from the origin', ofCache('originLoads')),
    gauge('connections', 'Connections that are registered', connected),
  ];
}

async function stateOf({ strategy, resources: { cache, connections } }: ServedStrategy, call: Call) {
  const [cacheStats, page] = await Promise.allSettled([
    'unsupported' in cache ? undefined : cache.stats(call),
    'unsupported' in connections ? undefined : connections.list({ room: undefined, limit: 1, cursor: 0 }, call),
  ]);
  return {
    labels: { strategy: strategy.name },
    cache: cacheStats.status === 'fulfilled' ? cacheStats.value : undefined,
    connections: page.status === 'fulfilled' ? page.value?.total : undefined,
  };
}
