/** What a cheap generator sends: the requests of a workload that can be made over and over, in its proportions. */
import type { Load } from '../cheap-generator.ts';
import { connectionNames, keyName } from '../scenarios/profile.ts';
import type { WorkloadCost } from './workload.ts';

/** A command line has room for so many. */
const MOST = 100;

function each(keys: number, loadOf: (index: number) => Load): Load[] {
  const count = Math.min(MOST, keys);
  return Array.from({ length: count }, (_, place) => loadOf(Math.floor((place * keys) / count)));
}

const increments: WorkloadCost['requests'] = (base, keys) =>
  each(keys, (index) => ({ method: 'POST', path: `${base}/counters/${keyName(index)}/increment` }));

const heartbeats: WorkloadCost['requests'] = (base, keys) =>
  each(keys, (index) => ({
    method: 'POST',
    path: `${base}/connections/${connectionNames.resident(index)}/heartbeat`,
  }));

const documents: WorkloadCost['requests'] = (base, keys) =>
  each(keys, (index) => ({ method: 'GET', path: `${base}/cache/doc-${index}` }));

/** `rest`, with one long listing for every nineteen of them. */
function withListing(rest: readonly Load[], path: string): Load[] {
  const listing: Load = { method: 'GET', path };
  return rest.flatMap((load, index) => (index % 19 === 0 ? [listing, load] : [load]));
}

export const costOf = {
  increments: { requests: increments },
  /** Stored by an origin they would wait for it, each behind the other: the same increments, not stored. */
  storedIncrements: { requests: increments, environment: { WRITE_THROUGH: 'off' } },
  /** Held for as long by every strategy, which would hide what they cost themselves. */
  briefIncrements: { requests: increments, environment: { HOLD_US: '0' } },
  incrementsAndListings: {
    requests: (base, keys) => withListing(increments(base, keys), `${base}/counters?limit=1000`),
  },
  heartbeats: { requests: heartbeats },
  heartbeatsAndListings: {
    requests: (base, keys) =>
      withListing(heartbeats(base, keys), `${base}/connections?room=${connectionNames.hall}&limit=1000`),
  },
  documents: { requests: documents },
  config: { requests: (base) => [{ method: 'GET', path: `${base}/config` }] },
  messages: {
    requests: (base) => [
      {
        method: 'POST',
        path: `${base}/rooms/${connectionNames.nobody}/messages`,
        body: '{"data":{"sender":0,"number":1}}',
      },
    ],
  },
  mixed: { requests: (base, keys) => [...increments(base, keys), ...documents(base, keys)] },
} satisfies Record<string, WorkloadCost>;
