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
import { redisMissing, redisProgram } from '../test/support/redis-server.ts';
import { disturbances } from '../test/support/redis-trouble.ts';

const help = `node prove/redis-faults.ts [flags]
  --rounds <n>    one disturbance each            (300)
  --seed <n>      decides them and the writes     (1)
  --writers <n>   at once, over two connections   (8)
  --timeout <ms>  deadline of every write         (100)
  --evidence      write docs/evidence/redis-faults.json and .md`;

interface Plan {
  readonly rounds: number;
  readonly seed: number;
  readonly writers: number;
  readonly timeoutMs: number;
  readonly evidence: boolean;
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

function positive(flag: string, given: string): number {
  const number = Number(given);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new TypeError(`${flag} must be a positive integer, not "${given}"`);
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

function table(rows: readonly (readonly [string, string | number])[]): string {
  return rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n');
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
- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}

| broken promises | |
| --- | ---: |
${table(promises(run))}

| what happened | |
| --- | ---: |
${table(figures(run))}
`;
  const path = new URL('../docs/evidence/redis-faults', import.meta.url).pathname;
  await mkdir(new URL('../docs/evidence/', import.meta.url), { recursive: true });
  await writeFile(`${path}.json`, `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(`${path}.md`, page);
  console.log('written: docs/evidence/redis-faults.json and .md');
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  if (redisProgram === undefined) {
    console.error(`VOID: ${redisMissing}`);
    return 3;
  }
  const startedAt = new Date().toISOString();
  const every = process.stderr.isTTY ? 1 : 25;
  const run = await runRedisFaults({
    ...plan,
    onRound: (round, disturbance, { acknowledged, failures }) => {
      if (round % every !== 0) return;
      const line = `round ${round} of ${plan.rounds}: ${acknowledged} writes acknowledged, ${failures} failed, ${disturbance}`;
      process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  for (const [figure, value] of figures(run)) console.log(`${figure.padEnd(54)}${value}`);
  for (const [promise, broken] of promises(run))
    console.log(`${broken === 0 ? '✓' : '✗'} ${promise.padEnd(52)}${broken}`);
  for (const [finding, names] of Object.entries(run.findings)) {
    for (const name of names.slice(0, 5)) console.log(`  ${finding}: ${name}`);
  }
  if (plan.evidence) await writeEvidence(plan, run, startedAt);

  if (promises(run).some(([, broken]) => broken > 0)) {
    console.log(`REFUTED: see above; --seed ${plan.seed} --rounds ${plan.rounds} tries the same disturbances again`);
    return 1;
  }
  if (isVoid(run)) {
    console.log('VOID: some kind of trouble never occurred; take more rounds');
    return 3;
  }
  console.log(`PROVED over ${plan.rounds} rounds`);
  return 0;
}

// Redis runs in a process group of its own, and is killed as this process exits.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(130));

if (process.argv.includes('--help')) {
  console.log(help);
} else {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    process.exitCode = 2;
  }
}
