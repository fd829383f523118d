/** What one operation costs where no HTTP hides it: a strategy's own code, driven by threads that do nothing else. */
export interface InProcessResult {
  readonly round: number;
  readonly strategy: string;
  readonly kind: 'strategy' | 'baseline' | 'control' | 'floor';
  /** Such as `counters, 1,000 keys`. */
  readonly operation: string;
  readonly threads: number;
  /** CPU time would hide waiting, so this is wall time times threads over operations. */
  readonly nsPerOperation: number;
  readonly operations: number;
}
