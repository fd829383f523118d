/** What a workload is: which operations, on how many keys, against which settings of the service, and its proof. */
import type { Measurement } from '../k6/summary.ts';
import type { Load } from '../cheap-generator.ts';
import type { ProfileName } from '../profiles.ts';

/** A line in `index.ts` is all that the rest of the comparison needs. */
export interface Workload {
  readonly name: string;
  /** One line for headings: what it does, and what it is there to show. */
  readonly summary: string;
  /** The resources of the service it exercises; only who serves all of them is measured. */
  readonly resources: readonly string[];
  /** Its script in `scenarios/`. */
  readonly script: string;
  /** What is counted, for tables. */
  readonly unit: 'increments' | 'requests';
  readonly keys: number;
  /** Settings of the service, beyond those of every run. */
  readonly environment: Readonly<Record<string, string>>;
  /** The common rate of the open model: below what the slowest strategy can do. */
  readonly ratePerSecond: number;
  /** What strategies serve at most, where that is near the rate: their queue then decides how long the window must be. */
  readonly capacityPerSecond?: Readonly<Record<string, number>>;
  /** What a cheap generator sends over and over, once the proof is made, to see what a request costs. */
  readonly cost: WorkloadCost;
  /** The profiles in which it is run when no workload is named. */
  readonly profiles: readonly ProfileName[];
  /** It never asks the origin, so that another one changes nothing: with Redis it is run only where it is named. */
  readonly anyOrigin?: true;
  /** What putting it in takes, about, for the estimate. */
  readonly prepareSeconds?: number;
  /** Puts in what the load reads, before it starts. */
  readonly prepare?: (target: Target) => Promise<void>;
  /** Whether what the service has agrees with what it answered. */
  readonly prove: (target: Target, seen: Seen) => Promise<Proof>;
}

export interface WorkloadCost {
  /** @param base `/v1/{strategy}` */
  readonly requests: (base: string, keys: number) => readonly Load[];
  /** Where the workload itself waits too long for so many requests: settings of a service of its own, which runs the same code. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The service under test, as a proof sees it. */
export interface Target {
  readonly baseUrl: string;
  readonly strategy: string;
  readonly keys: number;
  /** The settings that the service was started with, for this workload. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What the load saw. */
export interface Seen {
  readonly tallies: Measurement['tallies'];
  /** What the script wrote down, line by line. */
  readonly lines: readonly string[];
  /** From before the first request until now. */
  readonly elapsedMs: number;
}

export interface Proof {
  readonly holds: boolean;
  readonly acknowledged: number;
  readonly refused: number;
  /** Requests without a definite answer; each may or may not have been applied. */
  readonly unknown: number;
  /** By how many the promise was broken: updates lost or doubled, loads too many, versions missing. */
  readonly broken: number;
  /** What was compared, and what came of it. */
  readonly statement: string;
}
