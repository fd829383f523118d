/** Everything that is concluded from results: the same for the terminal, the page and a reader of the JSON. */
import type { Results } from '../results-file.ts';
import { capacitiesOf, type CapacityRow } from './capacities.ts';
import { answersOf, type Answer } from './choice.ts';
import { comparisonsOf, type Comparison } from './comparisons.ts';
import { crossingsOf, type Crossing } from './crossings.ts';
import { rowsOf, type Row } from './rows.ts';
import { trialVerdict, type TrialVerdict } from './trial-verdict.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface Analysis {
  readonly rows: readonly Row[];
  readonly comparisons: readonly Comparison[];
  readonly capacities: readonly CapacityRow[];
  readonly verdict: Verdict;
  readonly answers: readonly Answer[];
  /** Of a sweep. */
  readonly crossings: readonly Crossing[];
  readonly trial: TrialVerdict | undefined;
}

export function analysisOf(results: Results): Analysis {
  const { cells, candidates, calibration, capacities: searches } = results;
  // A generator that is late at any rate can tell no latency.
  const rows = rowsOf(cells, candidates, calibration?.reliable === false ? 0 : calibration?.limitPerSecond);
  const comparisons = comparisonsOf(rows);
  const capacities = capacitiesOf(searches);
  return {
    rows,
    comparisons,
    capacities,
    verdict: verdictOf(rows, results.trial === undefined),
    answers: answersOf(results, rows, comparisons, capacities),
    crossings: crossingsOf(comparisons),
    trial:
      results.trial === undefined
        ? undefined
        : trialVerdict(results.trial, rows, comparisons, { inProcess: results.inProcess }),
  };
}
