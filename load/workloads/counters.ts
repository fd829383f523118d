/** Proof of the counters: every acknowledged increment counts exactly once. */
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import { bucketCount, bucketOf, keyName } from '../scenarios/profile.ts';
import { burst, request } from './requests.ts';
import { outcomesOf, type Outcomes } from './tallies.ts';
import type { Proof, Seen, Target } from './workload.ts';

/** Reads every counter back and compares. */
export async function proveCounters(target: Target, { tallies }: Seen): Promise<Proof> {
  const stored = await readStored(target);
  return countersProof(
    stored.map((_, bucket) => outcomesOf(tallies, `bucket_${bucket}`)),
    stored,
  );
}

/** Compares per bucket, so that a loss in one is not made up for by a doubling in another. */
export function countersProof(buckets: readonly Outcomes[], storedPerBucket: readonly number[]): Proof {
  const sum = (of: (outcomes: Outcomes, stored: number) => number) =>
    buckets.reduce((total, outcomes, bucket) => total + of(outcomes, storedPerBucket[bucket] ?? 0), 0);
  const lost = sum(({ acknowledged }, stored) => Math.max(0, acknowledged - stored));
  const extra = sum(({ acknowledged, unknown }, stored) => Math.max(0, stored - acknowledged - unknown));
  const acknowledged = sum((outcomes) => outcomes.acknowledged);
  const counted = `${acknowledged.toLocaleString('en-US')} increments acknowledged`;
  return {
    holds: lost === 0 && extra === 0,
    acknowledged,
    refused: sum(({ refused }) => refused),
    unknown: sum(({ unknown }) => unknown),
    broken: lost + extra,
    statement:
      lost + extra === 0
        ? `${counted}, every one stored once`
        : `${counted}, ${lost.toLocaleString('en-US')} lost, ${extra.toLocaleString('en-US')} too many stored`,
  };
}

/** Created at a time. */
const AT_ONCE = 64;

/** Creates every counter with the value 0, so that a listing is long from the first; none counts as incremented. */
export async function createCounters(target: Target): Promise<void> {
  for (let from = 0; from < target.keys; from += AT_ONCE) {
    const answers = await burst(Math.min(AT_ONCE, target.keys - from), async (index) => {
      const path = `/counters/${keyName(from + index)}/compare-and-set`;
      const headers = { 'content-type': 'application/json' };
      const answer = await request(target, path, { method: 'POST', headers, body: '{"expected":0,"value":0}' });
      await answer.arrayBuffer();
      return answer;
    });
    const failed = answers.find(({ ok }) => !ok);
    if (failed !== undefined) {
      throw new ServiceError(`a counter of ${target.strategy} could not be created: ${failed.status}`);
    }
  }
}

const counter = z.object({ value: z.number() });

/**
 * Reads every counter back, and adds them up by bucket.
 *
 * @throws {ServiceError} one could not be read
 */
export async function readStored(target: Target): Promise<number[]> {
  const { keys } = target;
  const stored = Array.from({ length: bucketCount(keys) }, () => 0);
  for (let index = 0; index < keys; index++) {
    const response = await request(target, `/counters/${keyName(index)}`);
    const { data } = counter.safeParse(await response.json());
    if (response.status === 404) continue; // never written
    if (!response.ok || data === undefined) {
      throw new ServiceError(
        `reading ${keyName(index)} of ${target.strategy} back was answered with ${response.status}`,
      );
    }
    stored[bucketOf(index, keys)]! += data.value;
  }
  return stored;
}
