/** Reads through the cache: of many keys by Zipf's law with a write now and then, or of one key that expires again and again. */
import http from 'k6/http';
import { hashOf, Tally, withHeaders, zipfIndex, type Operation } from '../operation.ts';
import type { LoadProfile } from '../profile.ts';
import { baseUrl, strategy } from '../scenario.ts';

const urlOf = (index: number): string => `${baseUrl}/v1/${strategy}/cache/doc-${index}`;

/** Of a hundred requests: 95 reads, 3 writes, 2 invalidations. */
const WRITES_PERCENT = 3;
const DELETIONS_PERCENT = 2;

export function cacheReads(profile: LoadProfile): Operation {
  const urls = Array.from({ length: profile.keys }, (_, index) => urlOf(index));
  const reads = new Tally('cache_reads');
  const writes = new Tally('cache_writes');
  const deletions = new Tally('cache_deletions');
  const json = withHeaders({ 'content-type': 'application/json' });
  const filler = 'shared '.repeat(32);
  return (iteration, params) => {
    const url = urls[zipfIndex(iteration, profile.seed, profile.keys)]!;
    const draw = hashOf(iteration, profile.seed ^ 0x2545f491) % 100;
    if (draw < WRITES_PERCENT) {
      const body = JSON.stringify({ value: { text: filler, iteration } });
      return writes.count(() => http.put(url, body, json(params)));
    }
    if (draw < WRITES_PERCENT + DELETIONS_PERCENT) return deletions.count(() => http.del(url, null, params));
    return reads.count(() => http.get(url, params));
  };
}

/** Everybody reads one document. */
export function stampede(_profile: LoadProfile): Operation {
  const reads = new Tally('cache_reads');
  const url = urlOf(0);
  return (_, params) => reads.count(() => http.get(url, params));
}
