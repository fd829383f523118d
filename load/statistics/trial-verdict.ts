/** Whether a trial of the comparison itself came out as it must. */
import { percent } from '../format.ts';
import { SLOWED_BY, type Trial } from '../trial.ts';
import type { Claim } from './claims.ts';
import type { Metric, Row } from './rows.ts';

export interface TrialVerdict {
  readonly passed: boolean;
  readonly text: string;
}

const nameOf: Record<Metric, string> = {
  throughput: 'throughput',
  p50: 'p50',
  p99: 'p99',
  cpu: 'CPU per request',
  bystander: 'bystander p99',
};

/** In words for a table or a sentence. */
export function metricName(metric: Metric): string {
  return nameOf[metric];
}

/** A/A: nothing may be claimed. Slowed: the median latency or the throughput must be, in the right direction. */
export function trialVerdict(trial: Trial, rows: readonly Row[], claims: readonly Claim[]): TrialVerdict {
  const claimed = claims.filter((claim) => claim.claimed);
  const spoken = claimed.map(
    ({ metric, ratio, over, under }) => `${nameOf[metric]} of ${over} ${percent(ratio)} of that of ${under}`,
  );
  if (claims.length === 0) return { passed: false, text: 'nothing was measured that could be compared' };
  if (trial === 'aa') {
    const [first, second] = [...new Set(rows.map(({ strategy }) => strategy))];
    return claimed.length === 0
      ? { passed: true, text: `${first} and ${second} are the same: no difference shown, as it must be` }
      : {
          passed: false,
          text: `${first} and ${second} are the same, and yet a difference is claimed: ${spoken.join(', ')}`,
        };
  }
  const shown = claimed.some(isSlower);
  const slower = `the origin of one is ${percent(SLOWED_BY)} slower`;
  return shown
    ? { passed: true, text: `${slower}, and that is claimed, as it must be: ${spoken.join(', ')}` }
    : { passed: false, text: `${slower}, and neither a longer p50 nor a lower throughput is claimed` };
}

/** The slowed one is the one that bears the other's name and more. */
function isSlower({ metric, over, under, ratio }: Claim): boolean {
  const slowedFirst = over.startsWith(under);
  if (metric === 'p50') return slowedFirst === ratio > 1;
  return metric === 'throughput' && slowedFirst === ratio < 1;
}
