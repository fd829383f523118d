/** What single runs keep a comparison from claiming: their generator's share of the machine, and windows that were too short. */
import type { CellResult } from '../cell.ts';
import { msText, percent, wholeText } from '../format.ts';
import { DAY_SECONDS, isTooShort } from '../window.ts';

/** Sentences; none of files from before these were recorded. */
export function runLimitsOf(cells: readonly CellResult[]): string[] {
  return [...shareSentences(cells), ...windowSentences(cells)];
}

/** By its share of the CPU, not by its distance to a ceiling: on a shared machine that is what it takes from the service. */
function shareSentences(cells: readonly CellResult[]): string[] {
  const shares = cells.flatMap(({ measured }) => measured?.generatorShare?.closed ?? []);
  if (shares.length === 0) return [];
  const [least, most] = [percent(Math.min(...shares)), percent(Math.max(...shares))];
  const range = least === most ? most : `${least} to ${most}`;
  return [`Of the CPU time of the closed loops k6 took ${range}, and on one machine the service goes without it.`];
}

/** A short window of a queue near its capacity gives one of many figures that it might have given. */
function windowSentences(cells: readonly CellResult[]): string[] {
  const short = cells.filter(
    ({ kind, measured }) => kind !== 'control' && measured?.window !== undefined && isTooShort(measured.window),
  );
  const byRow = Map.groupBy(short, ({ workload, strategy }) => `${strategy} in ${workload}`);
  return [...byRow].map(([name, runs]) => {
    const { neededSeconds, hadSeconds } = runs[0]!.measured!.window!;
    const needed =
      neededSeconds! >= DAY_SECONDS ? 'no window is long enough' : `a p99 needs ${wholeText(neededSeconds)} s`;
    const p99s = runs.flatMap(({ measured }) => measured!.measurement.e2e?.p99 ?? []);
    const range = p99s.length < 2 ? '' : `, ${msText(Math.min(...p99s))} to ${msText(Math.max(...p99s))} ms,`;
    return `The p99 of ${name}${range} is one of many that might have come out, and no claim: near its capacity ${needed}, and it had ${wholeText(hadSeconds)} s.`;
  });
}
