/** Everything that is concluded from results: the same for the terminal, the page and a reader of the JSON. */
import type { Results } from '../results-file.ts';
import { answersOf, type Answer } from './answer.ts';
import { capacitiesOf, type CapacityRow } from './capacities.ts';
import { claimsOf, type Claim } from './claims.ts';
import { crossoversOf, type Crossover } from './crossover.ts';
import { rowsOf, type Row } from './rows.ts';
import { trialVerdict, type TrialVerdict } from './trial-verdict.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface Analysis {
  readonly rows: readonly Row[];
  readonly claims: readonly Claim[];
  readonly capacities: readonly CapacityRow[];
  readonly verdict: Verdict;
  readonly answers: readonly Answer[];
  /** Of a sweep, per workload. */
  readonly crossovers: readonly (Crossover & { readonly workload: string })[];
  readonly trial: TrialVerdict | undefined;
}

export function analysisOf(results: Results): Analysis {
  const { cells, candidates, calibration, capacities: searches, seed, sweep } = results;
  const rows = rowsOf(cells, candidates, calibration?.limitPerSecond);
  const claims = claimsOf(rows, seed);
  const capacities = capacitiesOf(searches);
  return {
    rows,
    claims,
    capacities,
    verdict: verdictOf(rows, results.trial === undefined),
    answers: answersOf(results, rows, claims, capacities),
    crossovers: sweep === undefined ? [] : sweepCrossovers(rows),
    trial: results.trial === undefined ? undefined : trialVerdict(results.trial, rows, claims),
  };
}

function sweepCrossovers(rows: readonly Row[]): Analysis['crossovers'] {
  return [...Map.groupBy(rows, ({ workload }) => workload)].flatMap(([workload, own]) => {
    const believed = own.filter(({ kind, throughput }) => kind !== 'control' && throughput !== undefined);
    const series = [...Map.groupBy(believed, ({ strategy }) => strategy)].map(([name, points]) => ({
      name,
      points: points.map(({ point = 0, throughput }) => ({ at: point, value: throughput!.value })),
    }));
    return crossoversOf(series).map((crossover) => ({ ...crossover, workload }));
  });
}
