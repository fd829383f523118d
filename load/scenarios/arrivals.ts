/**
 * When requests arrive. Random arrivals are uniform over the window, sorted: a Poisson process, given how many there are.
 * Both k6 and the runner draw them from the seed, so that whatever one sent the other can check.
 *
 * @see Devroye, "Non-Uniform Random Variate Generation", VI.1 (Poisson processes as order statistics of uniforms)
 */
import { seededRandom } from '../../src/random.ts';

export type ArrivalKind = 'random' | 'even';

/** What decides the arrivals of one scenario. */
export interface ArrivalOptions {
  readonly kind: ArrivalKind;
  readonly ratePerSecond: number;
  /** Parts of the window, such as warm-up and measured part. Each has exactly its share of the arrivals. */
  readonly partsSeconds: readonly number[];
  readonly seed: number;
}

/** Seconds from the start of the window, ascending. */
export function drawArrivals({ kind, ratePerSecond, partsSeconds, seed }: ArrivalOptions): number[] {
  const random = seededRandom(seed);
  let from = 0;
  return partsSeconds.flatMap((seconds) => {
    const count = Math.round(ratePerSecond * seconds);
    const start = from;
    from += seconds;
    return kind === 'even'
      ? Array.from({ length: count }, (_, index) => start + index / ratePerSecond)
      : [...Float64Array.from({ length: count }, () => start + random() * seconds).sort()];
  });
}

/** Iterations are started evenly and sleep until they are due; this much is left for starting one. */
const START_SECONDS = 0.02;

/** By how much all arrivals are put off, so that none is due before the dispatcher has started its iteration. */
export function leadSecondsOf(dueSeconds: readonly number[], ratePerSecond: number): number {
  let lead = 0;
  for (const [index, due] of dueSeconds.entries()) lead = Math.max(lead, index / ratePerSecond - due);
  return lead + START_SECONDS;
}

/** How many iterations sleep at once, at most: each keeps a VU from working. */
export function mostAsleep(dueSeconds: readonly number[], ratePerSecond: number, leadSeconds: number): number {
  let woken = 0;
  let most = 0;
  for (let started = 0; started < dueSeconds.length; started++) {
    const now = started / ratePerSecond;
    while (woken < started && dueSeconds[woken]! + leadSeconds <= now) woken += 1;
    most = Math.max(most, started + 1 - woken);
  }
  return most;
}

/** Standard deviation over mean of the gaps between arrivals: 1 for Poisson, 0 for even ones. NaN below three arrivals. */
export function gapVariation(sortedSeconds: readonly number[]): number {
  const gaps = sortedSeconds.slice(1).map((at, index) => at - sortedSeconds[index]!);
  const { mean, variance } = momentsOf(gaps);
  return Math.sqrt(variance) / mean;
}

/** Bursts at this scale are what a queue of a few milliseconds feels; gaps alone do not show that they are missing. */
const BIN_SECONDS = 0.25;

/** Variance over mean of the counts in bins of 250 ms: 1 for Poisson, about 0 for even arrivals. NaN below two bins. */
export function countDispersion(atSeconds: readonly number[], fromSeconds: number, toSeconds: number): number {
  const bins = Math.floor((toSeconds - fromSeconds) / BIN_SECONDS);
  const counts = Array.from({ length: Math.max(0, bins) }, () => 0);
  for (const at of atSeconds) {
    const bin = Math.floor((at - fromSeconds) / BIN_SECONDS);
    if (bin >= 0 && bin < bins) counts[bin]! += 1;
  }
  const { mean, variance } = momentsOf(counts);
  return variance / mean;
}

function momentsOf(values: readonly number[]): { mean: number; variance: number } {
  if (values.length < 2) return { mean: Number.NaN, variance: Number.NaN };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}
