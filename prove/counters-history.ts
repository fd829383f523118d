/**
 * Proves over HTTP that counters are linearizable under every strategy: increments on one key from many connections,
 * whose answers must be exactly 1…n and in real-time order, then mixed histories that must have an explanation.
 * The control must fail both, else these checks are blind and the whole proof is void.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void.
 */
import { parseArgs } from 'node:util';
import { strategies } from '../src/strategies/index.ts';
import type { History } from '../test/support/history.ts';
import { incrementsOnly, mixedOperations, recordHistory } from '../test/support/counters-http-history.ts';
import { checkIncrements } from '../test/support/increment-order.ts';
import { checkLinearizable, type Verdict } from '../test/support/linearizability.ts';
import { startServiceUnderTest } from '../test/support/service.ts';
import { positive, runCommand } from './command.ts';

const help = `node prove/counters-history.ts [flags]
  --strategy <names>   only these, separated by commas; the control always runs too
  --threads <counts>   HTTP threads, one run for each          (2,4)
  --increments <n>     on one key, per run                     (200000)
  --mixed <n>          mixed operations on four keys, per run  (20000)
  --write-through      with writes stored at the origin, 1 ms away, before they are acknowledged
  --seed <n>           of the mix                              (1)`;

interface Plan {
  readonly strategies: readonly (typeof strategies)[number][];
  readonly threads: readonly number[];
  readonly increments: number;
  readonly mixed: number;
  readonly writeThrough: boolean;
  readonly seed: number;
}

/** What came of one run, `void` when a control passed what it had to fail. */
type Outcome = 'proved' | 'refuted' | 'void';

/** A strategy that needs a Redis has its histories in `npm test`, where one is started. */
const provable = strategies.filter(({ needs }) => needs === undefined);

const mixedKeys = ['a', 'b', 'c', 'd'];

function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: 'string' },
      threads: { type: 'string', default: '2,4' },
      increments: { type: 'string', default: '200000' },
      mixed: { type: 'string', default: '20000' },
      'write-through': { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
    },
  });
  const names = values.strategy?.split(',');
  for (const name of names ?? []) {
    if (!provable.some((strategy) => strategy.name === name)) throw new TypeError(`--strategy: there is no "${name}"`);
  }
  const writeThrough = values['write-through'];
  return {
    strategies: provable.filter(({ name, kind }) => {
      if (kind === 'floor' && writeThrough) return false; // it has none
      return kind === 'control' || (names?.includes(name) ?? true);
    }),
    threads: values.threads.split(',').map((count) => positive('--threads', count)),
    increments: positive('--increments', values.increments),
    mixed: positive('--mixed', values.mixed),
    writeThrough,
    seed: positive('--seed', values.seed),
  };
}

async function prove({ name, kind }: Plan['strategies'][number], threads: number, plan: Plan): Promise<Outcome> {
  await using service = await startServiceUnderTest({
    STRATEGIES: name,
    CONTROLS: 'on',
    THREADS: String(threads),
    ...(plan.writeThrough && { WRITE_THROUGH: 'on', ORIGIN_LATENCY_MS: '1' }),
  });
  const record = { url: service.url, strategy: name, seed: plan.seed };
  const label = `${name}, ${threads} thread${threads === 1 ? '' : 's'}`;

  const increments = await timed(`${label}: ${plan.increments} increments`, plan.increments, (onProgress) =>
    recordHistory({ ...record, operations: plan.increments, mix: incrementsOnly, keys: ['hits'], onProgress }),
  );
  const exact = judge(
    kind,
    'exactly 1…n, each once, in real-time order',
    increments,
    plan.increments,
    checkIncrements(increments),
  );

  const mixed = await timed(`${label}: ${plan.mixed} mixed operations`, plan.mixed, (onProgress) =>
    recordHistory({ ...record, operations: plan.mixed, mix: mixedOperations, keys: mixedKeys, onProgress }),
  );
  const linearizable = judge(kind, 'linearizable', mixed, plan.mixed, checkLinearizable(mixed));

  const outcomes: Outcome[] = [exact, linearizable];
  return outcomes.find((outcome) => outcome !== 'proved') ?? 'proved';
}

async function timed(
  label: string,
  total: number,
  record: (onProgress: (done: number) => void) => Promise<History>,
): Promise<History> {
  const startedMs = performance.now();
  const { stderr } = process;
  const progress = (done: number) => {
    if (stderr.isTTY) stderr.write(`\r\u001b[K${label}: ${Math.floor((100 * done) / total)} %`);
  };
  progress(0);
  const history = await record(progress);
  const seconds = (performance.now() - startedMs) / 1_000;
  if (stderr.isTTY) stderr.write('\r\u001b[K');
  console.log(`${label} in ${seconds.toFixed(1)} s (${Math.round(total / seconds)}/s)`);
  return history;
}

/** A refused or unanswered operation leaves a gap in the evidence, so the count must be complete too. */
function judge(kind: string, promise: string, history: History, operations: number, verdict: Verdict): Outcome {
  const answered = history.filter(({ answer }) => answer.is !== 'unknown').length;
  if (answered < operations) console.log(`  ✗ only ${answered} of ${operations} operations were answered`);
  const found = verdict.ok ? 'found nothing wrong' : indented(verdict.explanation);
  if (kind === 'control') {
    const rejected = !verdict.ok && verdict.because === 'violation';
    console.log(rejected ? `  ✓ the control is rejected, as it must be: ${found}` : `  ✗ the control passes: ${found}`);
    return rejected ? 'proved' : 'void';
  }
  const proved = verdict.ok && answered === operations;
  console.log(proved ? `  ✓ ${promise}` : `  ✗ not ${promise}: ${found}`);
  return proved ? 'proved' : 'refuted';
}

function indented(text: string): string {
  return text.split('\n').join('\n    ');
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const outcomes: Outcome[] = [];
  for (const strategy of plan.strategies) {
    const counts = strategy.threads === 1 ? [1] : plan.threads;
    for (const threads of counts) outcomes.push(await prove(strategy, threads, plan));
  }
  if (outcomes.includes('void') || !plan.strategies.some(({ kind }) => kind === 'control')) {
    console.log('VOID: the control was not rejected, so these checks say nothing');
    return 3;
  }
  const refuted = outcomes.includes('refuted');
  console.log(refuted ? 'REFUTED: see above' : `PROVED: ${outcomes.length} runs, the control rejected`);
  return refuted ? 1 : 0;
}

await runCommand(help, main);
