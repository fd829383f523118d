/** What a request costs the service once its code is settled, as a cheap generator drives it after the proof. */

export interface Cost {
  /** `wrk` or `autocannon`, with its version. */
  readonly generator: string;
  readonly connections: number;
  /** Answers per second of the measured part: the throughput that k6 is too dear to see. */
  readonly perSecond: number;
  /** CPU time of the service alone, over all its threads; undefined where the system does not say. */
  readonly cpuUsPerRequest: number | undefined;
  /** Requests that the figure is over, and those before it, which warmed the code. */
  readonly requests: number;
  readonly warmupRequests: number;
  /** Of the CPU time of both, the generator's share; undefined where the system does not say. */
  readonly generatorShare: number | undefined;
}
