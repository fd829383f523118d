/** The sentences of a comparison, in the order in which they are told. */
import { listText, wholeText } from '../format.ts';
import { reasonOf } from '../validity.ts';
import type { Analysis } from '../statistics/analysis.ts';
import type { Row } from '../statistics/rows.ts';

export interface Conclusion {
  readonly kind: 'Answer' | 'Trial' | 'Sweep' | 'Control' | 'Proofs' | 'FAILED' | 'Flagged' | 'Beyond the generator';
  readonly text: string;
}

export function conclusionsOf({ rows, answers, crossings, trial, verdict }: Analysis): Conclusion[] {
  const proved = rows.some(({ kind, rounds }) => kind !== 'control' && rounds > 0);
  return [
    ...answers.map(({ workload, headline, evidence }): Conclusion => ({
      kind: 'Answer',
      text: `${workload}: ${headline}. ${evidence.join(' ')}`,
    })),
    ...(trial === undefined ? [] : [{ kind: trial.passed ? 'Trial' : 'FAILED', text: `${trial.text}.` } as const]),
    ...sweepSentences(rows, crossings),
    ...verdict.control.map(({ text }): Conclusion => ({ kind: 'Control', text: `${text}.` })),
    ...verdict.failures.map((text): Conclusion => ({ kind: 'FAILED', text })),
    ...(proved && verdict.failures.length === 0
      ? [{ kind: 'Proofs', text: 'Every strategy passed its proof in every run.' } as const]
      : []),
    ...flaggedSentences(rows),
    ...beyondSentences(rows),
  ];
}

function sweepSentences(rows: readonly Row[], crossings: Analysis['crossings']): Conclusion[] {
  if (rows.every(({ point }) => point === undefined)) return [];
  if (crossings.length === 0) return [{ kind: 'Sweep', text: 'no crossing can be claimed.' }];
  return crossings.map(({ workload, before, after, from, to }) => ({
    kind: 'Sweep',
    text: `${workload}: ${before} is ahead of ${after} at ${from}, and behind at ${to}: they cross between the two.`,
  }));
}

function flaggedSentences(rows: readonly Row[]): Conclusion[] {
  const flagged = rows.filter(({ flaggedRounds }) => flaggedRounds > 0);
  if (flagged.length === 0) return [];
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const kinds = listText([...new Set(flagged.flatMap(({ flags }) => flags.map(reasonOf)))]);
  const disturbed = sum(({ disturbedRounds }) => disturbedRounds);
  const left = disturbed === 0 ? '' : ` ${disturbed} of them something foreign disturbed: they rank nobody.`;
  return [
    {
      kind: 'Flagged',
      text: `${sum(({ flaggedRounds }) => flaggedRounds)} of ${sum(({ rounds }) => rounds)} runs, marked *: ${kinds}.${left}`,
    },
  ];
}

function beyondSentences(rows: readonly Row[]): Conclusion[] {
  const beyond = Map.groupBy(
    rows.filter(({ beyondGenerator }) => beyondGenerator),
    ({ workload }) => workload,
  );
  return [...beyond].map(([workload, [row]]) => ({
    kind: 'Beyond the generator',
    text: `${workload}: ${wholeText(row!.ratePerSecond)}/s is more than the generator can do here; latencies are not shown.`,
  }));
}
