/** What the strategies are put under: which operations, on how many keys, with or without I/O in each. */

export interface Workload {
  readonly name: string;
  /** One line for the table's heading: what it does, and what it is there to show. */
  readonly summary: string;
  /** The resource of the service it exercises, and the name of its script in `scenarios/`. */
  readonly resource: 'counters';
  readonly keys: number;
  readonly writeThrough: boolean;
  /** The common rate of the open model: below what the slowest strategy can do. */
  readonly ratePerSecond: number;
  /** Long enough for the 1,000 samples of a p99. */
  readonly measureSeconds: number;
  /** Run when no workload is named. */
  readonly byDefault: boolean;
}

export const workloads: readonly Workload[] = [
  {
    name: 'counters-write-through',
    summary: 'increments of 16 counters, each stored by an origin that takes 5 ms',
    resource: 'counters',
    keys: 16,
    writeThrough: true,
    ratePerSecond: 150, // a lock held for 5 ms serves at most 200/s, and about 185/s in practice
    measureSeconds: 6.8,
    byDefault: true,
  },
  {
    name: 'counters-hot',
    summary: 'increments of one counter, in memory only',
    resource: 'counters',
    keys: 1,
    writeThrough: false,
    ratePerSecond: 1000,
    measureSeconds: 1.6,
    byDefault: true,
  },
  {
    name: 'counters-spread',
    summary: 'increments of 1,000 counters, in memory only',
    resource: 'counters',
    keys: 1000,
    writeThrough: false,
    ratePerSecond: 1000,
    measureSeconds: 5,
    byDefault: false,
  },
];
