/**
 * Proves that writes to Redis survive it: writers go on while Redis is stopped, killed and restarted on its append-only
 * file, and while connections break before, within and after an answer. Afterwards every change that Redis recorded is
 * held against what the writers were told: nothing acknowledged lost, nothing applied twice or after something newer,
 * nothing applied that was said not to be, and no answer later than its deadline plus scheduling.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: no Redis, or too little happened to say anything.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from '../load/machine.ts';
import { type FaultRun, runRedisFaults } from '../test/support/redis-faults.ts';
import { disturbances } from '../test/support/redis-trouble.ts';
import { positive, type RoundsPlan } from './command.ts';
import { machineText, table } from './markdown.ts';
import { proveWithRedis } from './redis-proof.ts';

const help = `node prove/redis-faults.ts [flags]
  --rounds <n>    one disturbance each            (300)
  --seed <n>      decides them and the writes     (1)
  --writers <n>   at once, over two connections   (8)
  --timeout <ms>  deadline of every write         (100)
  --evidence      write docs/evidence/redis-faults.json and .md once it is proved`;

interface Plan extends RoundsPlan {
  readonly writers: number;
  readonly timeoutMs: number;
}

function text(fallback: string) {
  return { type: 'string', default: fallback } as const;
}

function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: text('300'),
      seed: text('1'),
      writers: text('8'),
      timeout: text('100'),
      evidence: { type: 'boolean', default: false },
    },
  });
  return {
    rounds: positive('--rounds', values.rounds),
    seed: positive('--seed', values.seed),
    writers: positive('--writers', values.writers),
    timeoutMs: positive('--timeout', values.timeout),
    evidence: values.evidence,
  };
}

/** What was promised, and how often it was broken. */
function promises({ findings, tally }: FaultRun): [promise: string, broken: number][] {
  return [
    ['acknowledged writes lost', findings.lost.length],
    ['writes applied twice', findings.twice.length],
    ['writes applied after a newer version of their key', findings.undone.length],
    ['writes applied although the answer was `not-applied`', findings.denied.length],
    ['writes applied with another value', findings.garbled.length],
    ['keys read back at the end as something else', findings.misread.length],
    ['answers later than deadline and scheduling', tally.late],
  ];
}

function figures({ tally, rounds, applied, timeoutMs, elapsedMs }: FaultRun): [figure: string, value: string][] {
  return [
    ...disturbances.map((name): [string, string] => [`rounds: ${name}`, String(rounds[name])]),
    ['writes acknowledged', String(tally.acknowledged)],
    ['answers `unknown`', String(tally.unknown)],
    ['answers `not-applied`', String(tally.notApplied)],
    ['changes that Redis recorded', String(applied)],
    ['slowest answer', `${tally.slowestMs.toFixed(0)} ms, of a deadline of ${timeoutMs} ms`],
    ['time', `${(elapsedMs / 1_000).toFixed(0)} s`],
  ];
}

/** Every kind of round and of answer must have occurred, else a part of the promise was not tried. */
function isVoid({ tally, rounds }: FaultRun): boolean {
  return disturbances.some((name) => rounds[name] === 0) || tally.unknown === 0 || tally.notApplied === 0;
}

async function writeEvidence(plan: Plan, run: FaultRun, startedAt: string): Promise<void> {
  const { rounds, seed, writers, timeoutMs } = plan;
  const machine = describeMachine();
  const command = `node prove/redis-faults.ts --rounds ${rounds} --seed ${seed} --writers ${writers} --timeout ${timeoutMs}`;
  const json = { command, startedAt, machine, plan, ...run };
  const page = `# Redis in trouble

${writers} writers go on while Redis is stopped, killed and restarted (append-only file, \`appendfsync always\`) and while
connections break around their commands; then every change that Redis recorded is held against what they were told.

- command: \`${command}\`
- date: ${startedAt}
- machine: ${machineText()}

${table(['broken promises', ''], promises(run))}

${table(['what happened', ''], figures(run))}
`;
  const path = new URL('../docs/evidence/redis-faults', import.meta.url).pathname;
  await mkdir(new URL('../docs/evidence/', import.meta.url), { recursive: true });
  await writeFile(`${path}.json`, `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(`${path}.md`, page);
  console.log('written: docs/evidence/redis-faults.json and .md');
}

function print(run: FaultRun): void {
  for (const [figure, value] of figures(run)) console.log(`${figure.padEnd(56)}${value}`);
  for (const [promise, broken] of promises(run))
    console.log(`${broken === 0 ? '✓' : '✗'} ${promise.padEnd(54)}${broken}`);
  for (const [finding, names] of Object.entries(run.findings)) {
    for (const name of names.slice(0, 5)) console.log(`  ${finding}: ${name}`);
  }
}

await proveWithRedis<Plan, FaultRun>({
  help,
  planOf,
  run: (plan, onRound) => runRedisFaults({ ...plan, onRound }),
  print,
  promises,
  isVoid,
  writeEvidence,
});
