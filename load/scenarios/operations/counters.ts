/** Increments, spread over the keys as evenly as chance does. */
import http from 'k6/http';
import { hashOf, Tally, type Operation } from '../operation.ts';
import { bucketCount, bucketOf, keyName, type LoadProfile } from '../profile.ts';
import { baseUrl, strategy } from '../scenario.ts';

export function increments(profile: LoadProfile): Operation {
  const buckets = Array.from({ length: bucketCount(profile.keys) }, (_, bucket) => new Tally(`bucket_${bucket}`));
  const urls = Array.from(
    { length: profile.keys },
    (_, index) => `${baseUrl}/v1/${strategy}/counters/${keyName(index)}/increment`,
  );
  return (iteration, params) => {
    const index = hashOf(iteration, profile.seed) % profile.keys;
    return buckets[bucketOf(index, profile.keys)]!.count(() => http.post(urls[index]!, null, params));
  };
}

/** Of twenty requests, one is a page of a thousand counters; the others are increments. */
export function incrementsAndListings(profile: LoadProfile): Operation {
  const increment = increments(profile);
  const listings = new Tally('listings');
  const page = `${baseUrl}/v1/${strategy}/counters?limit=1000`;
  return (iteration, params) =>
    iteration % 20 === 0 ? listings.count(() => http.get(page, params)) : increment(iteration, params);
}
