/** What a comparison as a whole is worth: whether its proofs can fail at all, and which of them did. */
import type { Row } from './statistics.ts';

export interface Verdict {
  /** One sentence per workload. */
  readonly control: readonly { readonly workload: string; readonly shown: boolean; readonly text: string }[];
  /** One sentence per strategy that failed or could not be measured. */
  readonly failures: readonly string[];
  readonly passed: boolean;
}

/** Judges all rows. A workload whose control lost nothing, or has none, is void: its proofs may be blind. */
export function verdictOf(rows: readonly Row[]): Verdict {
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  const control = workloads.map((workload) => controlVerdict(workload, rows));
  const failures = rows.flatMap(failuresOf);
  return { control, failures, passed: failures.length === 0 && control.every(({ shown }) => shown) };
}

function controlVerdict(workload: string, rows: readonly Row[]): Verdict['control'][number] {
  const controls = rows.filter((row) => row.workload === workload && row.kind === 'control');
  const losing = controls.find(({ lost }) => lost > 0);
  if (losing !== undefined) {
    const text = `${workload}: the control "${losing.strategy}" lost ${losing.lost.toLocaleString('en-US')} updates, as it must, so a loss would be seen`;
    return { workload, shown: true, text };
  }
  const names = controls.map(({ strategy }) => `"${strategy}"`).join(', ');
  const reason = controls.every(({ rounds }) => rounds === 0)
    ? 'its control was not measured'
    : `its control ${names} lost no update`;
  return {
    workload,
    shown: false,
    text: `${workload}: VOID, ${reason}; that no other strategy lost any proves nothing`,
  };
}

function failuresOf(row: Row): string[] {
  const name = `${row.workload}, ${row.strategy}`;
  const failures = row.errors.map((error) => `${name}: ${error}`);
  if (row.kind === 'control') return failures;
  if (row.lost > 0) failures.push(`${name}: ${row.lost} acknowledged increments are not in the stored values`);
  if (row.extra > 0)
    failures.push(`${name}: ${row.extra} more increments are stored than were acknowledged or unanswered`);
  return failures;
}
