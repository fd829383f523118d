/** The text of --help. */
import { MAX_KEYS, MAX_THREADS, served, type Known } from './command-line.ts';
import { DEFAULT_TOLERANCE } from './flags.ts';
import { profiles } from './profiles.ts';
import { MAX_RATE_PER_SECOND } from './scenarios/profile.ts';
import { SLOWED_BY } from './trial.ts';

export function helpText({ workloads, registry }: Known): string {
  const offered = served(workloads, registry);
  return `Compares the strategies under the same load: starts the service afresh for each, runs k6 against it, proves that
what it answered is true, and says what each choice costs. Results go to results/<time>/: report.html, results.md,
results.json and the plots.

  npm run compare                                     about three minutes
  npm run compare -- --profile standard --open        within an hour, and then the report
  npm run compare -- --workload counters-hot --strategy sync-lock,sharded --rounds 6
  npm run compare -- --sweep hold-us=0,50,500 --workload counters-hot
  npm run report -- results/<time>                    makes the report again

  --profile NAME    ${profiles.map(({ name }) => name).join(', ')}; default ${profiles[0]!.name}
  --workload NAME   one or more, repeated or with commas; by default those of the profile
  --strategy NAME   one or more, repeated or with commas; by default all but the floors. The control runs too, in
                    the first round
  --origin NAME     embedded or redis; default embedded. A Redis is started for the comparison, and ended with it;
                    workloads that never ask it are then run only where they are named
  --arrivals KIND   random, as independent clients make them, or even; default random
  --rate N          requests per second in the measured part, 1 to ${MAX_RATE_PER_SECOND}; by default as the workload says
  --duration S      seconds measured per run, 1 to 600; by default as the profile says
  --keys N          keys that the requests are spread over, 1 to ${MAX_KEYS}; by default as the workload says
  --threads N       HTTP threads of the service, 1 to ${MAX_THREADS}; by default one per core, at least 2
  --slo MS          an answer later than this is no goodput; capacity is the highest rate whose p99 keeps it; default 50
  --capacity        search for each strategy's capacity, also where the profile does not
  --sweep NAME=…    threads=1,2,4 or hold-us=0,50,500: every strategy at each value, and where the lead changes
  --rounds N        how often each strategy is run, 1 to 50; by default as the profile says
  --seed N          decides the order of the strategies; by default drawn and printed
  --aa              trial: one strategy under two names; no difference may be claimed
  --slowed          trial: one strategy, and the same with an origin ${SLOWED_BY * 100} % slower; the difference must be claimed
  --agent URL       the services run on another machine, where npm run compare:agent says its address and the AGENT_TOKEN
                    that this one must have in its environment
  --against REF     this checkout against a git ref, or the directory of another: every strategy of both in each round.
                    Ends with 3 where one is slower by more than the tolerance, with its whole interval
  --tolerance N%    what it may be slower by; default ${DEFAULT_TOLERANCE * 100} %
  --open            open the report when it is there
  --k6 PATH         the k6 to use; else K6_BIN, .tools/k6, PATH, and at last one is installed into .tools/
  -h, --help        this text

  Profiles
${lines(profiles)}

  Workloads
${lines(offered.map((workload) => ({ ...workload, summary: `${workload.summary} (${workload.profiles.join(', ')})` })))}

  Strategies
${lines(registry)}

  Exit code: 0 done, 1 a strategy failed its proof, or the control passed it, or a trial went wrong, 2 wrong flags,
  3 slower than --against, 130 interrupted.`;
}

function lines(items: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...items.map(({ name }) => name.length));
  return items.map(({ name, summary }) => `    ${name.padEnd(width)}  ${summary}`).join('\n');
}
