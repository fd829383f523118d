/** How thorough a comparison is. A profile is a line here; every figure in it can be overridden by a flag. */

import type { CostSizes } from './cost.ts';
import type { InProcessSizes } from './in-process/measure.ts';
import { operations, type OperationName } from './in-process/operations.ts';

export type ProfileName = 'quick' | 'standard' | 'full';

export interface Profile {
  readonly name: ProfileName;
  /** For --help. */
  readonly summary: string;
  readonly rounds: number;
  readonly warmupSeconds: number;
  /** Longer where the rate needs it for the 1,000 samples of a p99, or `longWindows` for a queue to settle. */
  readonly leastMeasureSeconds: number;
  /** Whether a strategy that is known to queue is measured for as long as its p99 needs. */
  readonly longWindows: boolean;
  readonly closedSeconds: number;
  /** Over how many requests the settled cost of one is measured. */
  readonly cost: CostSizes;
  /** What is measured of each strategy in each round without HTTP; nothing where no operation is named. */
  readonly inProcess: InProcessSizes;
  /** How often a run that was disturbed is repeated before it is kept, flagged. */
  readonly retries: number;
  /** Searches for the highest rate within the SLO, per workload and strategy, each in a round of its own; 0 for none. */
  readonly capacitySearches: number;
  /** Shares of the common rate at which p99 is measured too, by all strategies, for a curve; none where empty. */
  readonly curveShares: readonly number[];
  readonly curveRounds: number;
}

const operationNames = Object.keys(operations) as OperationName[];

export const profiles: readonly Profile[] = [
  {
    name: 'quick',
    summary: 'one round, within three minutes: shows factors, claims no differences',
    rounds: 1,
    warmupSeconds: 1,
    leastMeasureSeconds: 1.6,
    longWindows: false,
    closedSeconds: 1,
    cost: { warmupRequests: 2_000, requests: 2_000, mostSeconds: 1 },
    inProcess: { operations: [], warmupMs: 0, measureMs: 0 },
    retries: 0,
    capacitySearches: 0,
    curveShares: [],
    curveRounds: 0,
  },
  {
    name: 'standard',
    summary: 'six rounds, within an hour: intervals, and differences that may be claimed',
    rounds: 6,
    warmupSeconds: 2,
    leastMeasureSeconds: 1.6,
    longWindows: true,
    closedSeconds: 5,
    cost: { warmupRequests: 8_000, requests: 20_000, mostSeconds: 6 },
    inProcess: { operations: operationNames, warmupMs: 100, measureMs: 150 },
    retries: 2,
    capacitySearches: 0,
    curveShares: [],
    curveRounds: 0,
  },
  {
    name: 'full',
    summary: 'ten rounds of every workload, p99 over the rate, and each capacity: half a day',
    rounds: 10,
    warmupSeconds: 5,
    leastMeasureSeconds: 10.1, // p99.9 needs 10,000 samples, at 1,000/s
    longWindows: true,
    closedSeconds: 5,
    cost: { warmupRequests: 8_000, requests: 40_000, mostSeconds: 12 },
    inProcess: { operations: operationNames, warmupMs: 200, measureMs: 500 },
    retries: 2,
    capacitySearches: 3,
    curveShares: [0.25, 0.5, 0.75, 1.5], // further up go the steps of the searches
    curveRounds: 3,
  },
];

/** How many searches --capacity asks for in a profile that has none. */
export const CAPACITY_SEARCHES = 1;
