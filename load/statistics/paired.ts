/**
 * Whether two candidates differ: round by round, as a ratio, so that what slowed the whole machine for a while is in
 * both and cancels out.
 *
 * The mean of the log ratios is studentized and its distribution found by drawing whole rounds with replacement
 * (the symmetric bootstrap-t), which keeps its level with as few as six rounds, where the plain percentile bootstrap is
 * too sure of itself. With fewer than five rounds it can claim nothing at all, and that is right.
 *
 * A draw's own spread is taken as at least a quarter of the observed one. Without that a single disturbed round makes
 * every draw that leaves it out look infinitely far from the centre, and a factor of thirty is "no difference"; the
 * simulation in the tests shows that the level is kept.
 *
 * @see Hall, "On Symmetric Bootstrap Confidence Intervals" (1988); Efron and Tibshirani, "An Introduction to the Bootstrap", ch. 12
 */
import { mean, quantileSorted, sampleStandardDeviation } from 'simple-statistics';
import { seededRandom } from '../seeded-random.ts';

export interface Comparison {
  /** Typical ratio of the first to the second. */
  readonly ratio: number;
  /** Its 95 % interval; infinitely wide where the rounds are too few. */
  readonly low: number;
  readonly high: number;
  /** How often so large a difference would be seen where there is none; not yet adjusted for the number of comparisons. */
  readonly p: number;
  readonly rounds: number;
}

const DRAWS = 9_999;
const CONFIDENCE = 0.95;

/** Of the observed standard error; that of a draw counts as no smaller. */
const LEAST_ERROR = 1 / 4;

/** Fewer than these have no spread to speak of. */
const MIN_ROUNDS = 2;

/**
 * Compares round by round. A pair with a missing side, or one that is not positive, is left out.
 *
 * @param seed decides which rounds are drawn: the same for all comparisons, so that whole rounds are drawn
 */
export function comparePaired(
  over: readonly (number | undefined)[],
  under: readonly (number | undefined)[],
  seed: number,
): Comparison | undefined {
  const logs = over.flatMap((value, round) => {
    const other = under[round];
    return value !== undefined && other !== undefined && value > 0 && other > 0 ? [Math.log(value / other)] : [];
  });
  if (logs.length < MIN_ROUNDS) return undefined;

  const centre = mean(logs);
  const error = standardError(logs);
  const draws = studentizedDraws(logs, { centre, leastError: error * LEAST_ERROR }, seed);
  const reach = quantileSorted(draws, CONFIDENCE) * error;
  const observed = error === 0 ? (centre === 0 ? 0 : Number.POSITIVE_INFINITY) : Math.abs(centre) / error;
  const asExtreme = draws.filter((drawn) => drawn >= observed).length;
  const spread = Number.isNaN(reach) ? 0 : reach; // no spread at all: every round says the same
  return {
    ratio: Math.exp(centre),
    low: Math.exp(centre - spread),
    high: Math.exp(centre + spread),
    p: (asExtreme + 1) / (DRAWS + 1),
    rounds: logs.length,
  };
}

function standardError(values: readonly number[]): number {
  return sampleStandardDeviation([...values]) / Math.sqrt(values.length);
}

/** |t| of many draws around the observed centre, in ascending order. A draw of equal rounds counts as infinitely far. */
function studentizedDraws(
  logs: readonly number[],
  { centre, leastError }: { readonly centre: number; readonly leastError: number },
  seed: number,
): number[] {
  const n = logs.length;
  const centred = Float64Array.from(logs, (log) => log - centre);
  const rounds = drawnRounds(n, seed);
  const draws = new Float64Array(DRAWS);
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    let squares = 0;
    for (let at = draw * n; at < (draw + 1) * n; at++) {
      const value = centred[rounds[at]!]!;
      sum += value;
      squares += value * value;
    }
    const variance = (squares - (sum * sum) / n) / (n - 1);
    const error = Math.sqrt(Math.max(0, variance) / n);
    draws[draw] = error < 1e-12 ? Number.POSITIVE_INFINITY : Math.abs(sum / n) / Math.max(error, leastError);
  }
  return [...draws.sort()];
}

const drawn = new Map<string, Uint8Array>();

/** The numbers of the rounds of all draws, made once: hundreds of comparisons use the same. */
function drawnRounds(n: number, seed: number): Uint8Array {
  const key = `${n} ${seed}`;
  let rounds = drawn.get(key);
  if (rounds === undefined) {
    const random = seededRandom(seed);
    drawn.set(key, (rounds = Uint8Array.from({ length: DRAWS * n }, () => Math.floor(random() * n))));
  }
  return rounds;
}
