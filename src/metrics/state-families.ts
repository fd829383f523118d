/** What is in the shared state, as the resources themselves tell. */
import type { ServedStrategy } from '../app.ts';
import type { CacheStats } from '../resources/cache.ts';
import type { Call } from '../resources/call.ts';
import type { Awaitable } from '../sync/wait.ts';
import { counter, type Family, gauge, type Sample } from './families.ts';

/** A strategy that cannot answer now (its owner on the way, a lock not free) is left out of this scrape. */
type Tell = (served: readonly ServedStrategy[], call: Call) => Promise<Family[]>;

/** The resources that tell something. */
const telling: readonly Tell[] = [cacheFamilies, connectionFamilies];

export async function stateFamilies(served: readonly ServedStrategy[], call: Call): Promise<Family[]> {
  return (await Promise.all(telling.map((tell) => tell(served, call)))).flat();
}

async function cacheFamilies(served: readonly ServedStrategy[], call: Call): Promise<Family[]> {
  const answers = await Promise.allSettled(
    served.flatMap(({ strategy: { name }, resources: { cache } }) =>
      'unsupported' in cache ? [] : [told(name, () => cache.stats(call))],
    ),
  );
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const of = (name: keyof CacheStats): Sample[] =>
    found.map(({ strategy, state }) => ({ labels: { strategy }, value: state[name] }));
  return [
    gauge('cache_entries', 'Documents in the cache', of('entries')),
    gauge('cache_bytes', 'What keeping them takes', of('bytes')),
    counter('cache_hits_total', 'Reads answered from the cache', of('hits')),
    counter('cache_misses_total', 'Reads that were not', of('misses')),
    counter('cache_collapsed_total', 'Misses that waited for the load of another', of('collapsed')),
    counter('cache_evictions_total', 'Documents that left to make room', of('evictions')),
    counter('cache_expired_total', 'Documents found to be expired', of('expired')),
    counter('cache_origin_loads_total', 'Loads from the origin', of('originLoads')),
  ];
}

async function connectionFamilies(served: readonly ServedStrategy[], call: Call): Promise<Family[]> {
  const first = { room: undefined, limit: 1, cursor: 0 };
  const answers = await Promise.allSettled(
    served.flatMap(({ strategy: { name }, resources: { connections } }) =>
      'unsupported' in connections ? [] : [told(name, () => connections.list(first, call))],
    ),
  );
  const samples = answers.flatMap((answer): Sample[] =>
    answer.status === 'fulfilled'
      ? [{ labels: { strategy: answer.value.strategy }, value: answer.value.state.total }]
      : [],
  );
  return [gauge('connections', 'Connections that are registered', samples)];
}

/** `ask` may throw at once, as where a lock blocks: here that rejects like any other failure. */
async function told<State>(strategy: string, ask: () => Awaitable<State>) {
  return { strategy, state: await ask() };
}
