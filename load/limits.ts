/** What a comparison cannot claim. The terminal, the page and the Markdown say the same. */
import { wholeText } from './format.ts';
import { runLimitsOf } from './report/run-limits.ts';
import type { Results } from './results-file.ts';
import { P999_MIN_SAMPLES, P99_MIN_SAMPLES } from './scenarios/profile.ts';
import { medianRanks } from './statistics/estimate.ts';
import { MIN_ROUNDS } from './statistics/pairs.ts';

export function limitsOf(results: Results): string[] {
  const { rounds, calibration, status, origin, generatorMachine, machine, cells, arrivals = 'even' } = results;
  return [
    ...(status === 'complete' ? [] : ['It was stopped before its end: what is missing is not shown.']),
    roundsSentence(rounds),
    ...(calibration === undefined ? [] : [generatorSentence(calibration)]),
    generatorMachine === undefined
      ? 'k6 and the service share this machine, so a throughput is what both together can do.'
      : 'k6 ran on another machine than the service: latencies include the network between them.',
    ...(generatorMachine === undefined && machine.cores <= 2
      ? [`On ${machine.cores} cores, one of them taken by k6, it says nothing about scaling.`]
      : []),
    ...runLimitsOf(cells),
    ...(arrivals === 'even' ? ['Arrivals are evenly spaced, not random: real ones queue more.'] : []),
    `A p99 needs ${wholeText(P99_MIN_SAMPLES)} samples and a p99.9 ${wholeText(P999_MIN_SAMPLES)}, else "–".`,
    `The origin is ${origin}; yours has other delays.`,
  ];
}

function roundsSentence(rounds: number): string {
  if (rounds === 1) return 'One round has no intervals: take nothing below a factor of 1.5 for a difference.';
  const { confidence } = medianRanks(rounds);
  const percentage = `${(confidence * 100).toFixed(confidence < 0.9 ? 0 : 1)} %`;
  if (rounds < MIN_ROUNDS)
    return `${rounds} rounds give ranges (${percentage}), and no difference can be claimed from them.`;
  return `Intervals of a figure are of its median over ${rounds} rounds (${percentage}); those of a ratio are over pairs of rounds, adjusted for all pairs of a workload (95 %). A ratio is claimed where its whole interval is beyond 5 %.`;
}

function generatorSentence({
  limitPerSecond,
  reliable,
  ceilingPerSecond,
}: NonNullable<Results['calibration']>): string {
  const ceiling = `its closed loop gets ${wholeText(ceilingPerSecond)}/s out of /healthz`;
  return reliable
    ? `The generator is on time up to ${wholeText(limitPerSecond)}/s, and no latency above is shown as one; ${ceiling}.`
    : `The generator was late even at ${wholeText(limitPerSecond)}/s: the machine is busy with something else, and no latency here can be relied on; ${ceiling}.`;
}
