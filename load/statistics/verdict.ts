/** What a comparison as a whole is worth: whether its proofs can fail at all, and which of them did. */
import type { Row } from './rows.ts';

export interface Verdict {
  /** One sentence per workload; none in a trial, which has no control. */
  readonly control: readonly { readonly workload: string; readonly shown: boolean; readonly text: string }[];
  /** One sentence per candidate that failed or could not be measured. */
  readonly failures: readonly string[];
  readonly passed: boolean;
}

/** Judges all rows. A workload whose control passed its proof, or has none, is void: its proofs may be blind. */
export function verdictOf(rows: readonly Row[], controlled = true): Verdict {
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  const control = controlled ? workloads.map((workload) => controlVerdict(workload, rows)) : [];
  const failures = rows.flatMap(failuresOf);
  return { control, failures, passed: failures.length === 0 && control.every(({ shown }) => shown) };
}

function controlVerdict(workload: string, rows: readonly Row[]): Verdict['control'][number] {
  const controls = rows.filter((row) => row.workload === workload && row.kind === 'control');
  const failing = controls.find(({ broken }) => broken > 0);
  if (failing !== undefined) {
    const text = `${workload}: the control "${failing.strategy}" failed its proof, as it must, so a failure would be seen (${failing.proof})`;
    return { workload, shown: true, text };
  }
  const names = controls.map(({ strategy }) => `"${strategy}"`).join(', ');
  const reason = controls.every(({ rounds }) => rounds === 0)
    ? 'its control was not measured'
    : `its control ${names} passed the proof that it must fail`;
  return { workload, shown: false, text: `${workload}: VOID, ${reason}; that the others passed proves nothing` };
}

function failuresOf(row: Row): string[] {
  const name = `${row.workload}, ${row.strategy}`;
  const failures = [...new Set(row.errors)].map((error) => `${name}: ${error}`);
  if (row.kind !== 'control' && row.broken > 0) failures.push(`${name}: the proof failed: ${row.proof}`);
  return failures;
}
