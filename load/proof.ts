/** Whether every acknowledged increment counts exactly once: the stored values against what k6 was told. */
import { z } from 'zod';
import { ServiceError } from './errors.ts';
import type { BucketCounts } from './k6/summary.ts';
import { bucketCount, bucketOf, keyName } from './scenarios/profile.ts';

export interface Proof {
  readonly holds: boolean;
  readonly acknowledged: number;
  readonly stored: number;
  /** Increments without a definite answer; each may or may not be stored. */
  readonly unknown: number;
  readonly refused: number;
  /** Acknowledged, but not stored. */
  readonly lost: number;
  /** Stored beyond all that were acknowledged or unknown: counted twice, or counted though refused. */
  readonly extra: number;
}

function unknownOf({ attempted, acknowledged, refused }: BucketCounts): number {
  return attempted - acknowledged - refused;
}

/** Compares per bucket, so that a loss in one is not made up for by a doubling in another. */
export function proofOf(buckets: readonly BucketCounts[], storedPerBucket: readonly number[]): Proof {
  const sum = (of: (counts: BucketCounts, stored: number) => number) =>
    buckets.reduce((total, counts, bucket) => total + of(counts, storedPerBucket[bucket] ?? 0), 0);
  const lost = sum((counts, stored) => Math.max(0, counts.acknowledged - stored));
  const extra = sum((counts, stored) => Math.max(0, stored - counts.acknowledged - unknownOf(counts)));
  return {
    holds: lost === 0 && extra === 0,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    stored: sum((_, stored) => stored),
    unknown: sum(unknownOf),
    refused: sum(({ refused }) => refused),
    lost,
    extra,
  };
}

const counter = z.object({ value: z.number() });

/**
 * Reads every counter back.
 *
 * @throws {ServiceError} one could not be read
 */
export async function readStored(
  baseUrl: string,
  strategy: string,
  keys: number,
  signal: AbortSignal,
): Promise<number[]> {
  const stored = Array.from({ length: bucketCount(keys) }, () => 0);
  for (let index = 0; index < keys; index++) {
    const response = await fetch(`${baseUrl}/v1/${strategy}/counters/${keyName(index)}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    const { data } = counter.safeParse(await response.json());
    if (response.status === 404) continue; // never written
    if (!response.ok || data === undefined) {
      throw new ServiceError(`reading ${keyName(index)} of ${strategy} back was answered with ${response.status}`);
    }
    stored[bucketOf(index, keys)]! += data.value;
  }
  return stored;
}
