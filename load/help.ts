/** The text of --help. */
import { MAX_KEYS, MAX_RATE_PER_SECOND, type Known } from './command-line.ts';

export function helpText({ workloads, registry }: Known): string {
  const usual = workloads.filter(({ byDefault }) => byDefault).map(({ name }) => name);
  return `Compares the strategies under the same load: starts the service afresh for each, runs k6 against it, checks
that no acknowledged increment was lost, and prints a table. Results go to results/<time>/results.json.

  npm run compare                        at most two minutes
  npm run compare -- --workload counters-write-through --strategy sync-lock,async-lock --rounds 6

  --workload NAME   one or more, repeated or with commas; by default ${usual.join(' and ')}
  --strategy NAME   one or more, repeated or with commas; by default all but the floors. The control always runs
  --rate N          increments per second in the measured part, 1 to ${MAX_RATE_PER_SECOND}; by default as the workload says
  --duration S      seconds measured per run, 1 to 600; by default as the workload says
  --keys N          counters that the increments are spread over, 1 to ${MAX_KEYS}; by default as the workload says
  --rounds N        how often each strategy is run, 1 to 50; default 1
  --threads N       HTTP threads of the service, 1 to 64; by default one per core, at least 2
  --seed N          decides the order of the strategies; by default drawn and printed
  --k6 PATH         the k6 to use; else K6_BIN, .tools/k6, PATH, and at last one is installed into .tools/
  -h, --help        this text

  Workloads
${lines(workloads)}

  Strategies
${lines(registry)}

  Exit code: 0 done, 1 a strategy failed or lost updates, or the control lost none, 2 wrong flags, 130 interrupted.`;
}

function lines(items: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...items.map(({ name }) => name.length));
  return items.map(({ name, summary }) => `    ${name.padEnd(width)}  ${summary}`).join('\n');
}
