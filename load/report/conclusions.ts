/** The sentences of a comparison, in the order in which they are told. */
import { listText, wholeText } from '../format.ts';
import { reasonOf } from '../validity.ts';
import type { Analysis } from '../statistics/analysis.ts';
import type { Row } from '../statistics/rows.ts';

export interface Conclusion {
  readonly kind: 'Answer' | 'Trial' | 'Sweep' | 'Control' | 'Proofs' | 'FAILED' | 'Disturbed' | 'Beyond the generator';
  readonly text: string;
}

export function conclusionsOf({ rows, answers, crossovers, trial, verdict }: Analysis): Conclusion[] {
  const proved = rows.some(({ kind, rounds }) => kind !== 'control' && rounds > 0);
  return [
    ...answers.map(({ workload, headline, evidence }): Conclusion => ({
      kind: 'Answer',
      text: `${workload}: ${headline}. ${evidence.join(' ')}`,
    })),
    ...(trial === undefined ? [] : [{ kind: trial.passed ? 'Trial' : 'FAILED', text: `${trial.text}.` } as const]),
    ...sweepSentences(rows, crossovers),
    ...verdict.control.map(({ text }): Conclusion => ({ kind: 'Control', text: `${text}.` })),
    ...verdict.failures.map((text): Conclusion => ({ kind: 'FAILED', text })),
    ...(proved && verdict.failures.length === 0
      ? [{ kind: 'Proofs', text: 'Every strategy passed its proof in every run.' } as const]
      : []),
    ...disturbedSentences(rows),
    ...beyondSentences(rows),
  ];
}

function sweepSentences(rows: readonly Row[], crossovers: Analysis['crossovers']): Conclusion[] {
  if (rows.every(({ point }) => point === undefined)) return [];
  if (crossovers.length === 0) return [{ kind: 'Sweep', text: 'nobody overtakes anybody by more than 5 %.' }];
  return crossovers.map(({ workload, before, after, from, to, near }) => ({
    kind: 'Sweep',
    text: `${workload}: ${before} leads ${after} at ${from}, and ${after} leads at ${to}; they cross near ${near < 10 ? near.toFixed(1) : wholeText(near)}.`,
  }));
}

function disturbedSentences(rows: readonly Row[]): Conclusion[] {
  const disturbed = rows.filter(({ flaggedRounds }) => flaggedRounds > 0);
  if (disturbed.length === 0) return [];
  const kinds = listText([...new Set(disturbed.flatMap(({ flags }) => flags.map(reasonOf)))]);
  const runs = disturbed.reduce((sum, { flaggedRounds }) => sum + flaggedRounds, 0);
  return [
    {
      kind: 'Disturbed',
      text: `${runs} of ${rows.reduce((sum, { rounds }) => sum + rounds, 0)} runs, marked *: ${kinds}. Their latencies are not to be relied on.`,
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
