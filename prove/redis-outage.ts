/**
 * Proves what the service promises while its Redis is paused, killed, restarted and cut off: counters and configs of
 * every strategy are written through HTTP meanwhile, then the service is killed too, and started again on what Redis
 * has. The answers of each must be one sequence, nothing missing and nothing twice; none may be late; and what needs no
 * Redis must do as before. `redis-faults.ts` looks at the same from below, change by change.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: no Redis, or too little happened to say anything.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { quantileSorted } from 'simple-statistics';
import { describeMachine } from '../load/machine.ts';
import type { Probe } from '../test/support/outage-clients.ts';
import {
  lateTargets,
  ORIGIN_TIMEOUT_MS,
  type OutageRun,
  REQUEST_TIMEOUT_MS,
  runRedisOutage,
} from '../test/support/redis-outage.ts';
import { disturbances } from '../test/support/redis-trouble.ts';
import { type RoundsPlan, roundsPlan } from './command.ts';
import { machineText, table } from './markdown.ts';
import { proveWithRedis } from './redis-proof.ts';

const help = `node prove/redis-outage.ts [flags]
  --rounds <n>   one disturbance each   (300)
  --seed <n>     decides them           (1)
  --evidence     write docs/evidence/redis-outage.json and .md once it is proved`;

/** What was promised, and how often it was broken. */
function promises(run: OutageRun): [promise: string, broken: number][] {
  const judged = run.probes.filter((probe) => probe.judged);
  return [
    [
      'counters and configs that lost or doubled an acknowledged write',
      [...run.verdicts.values()].filter(({ ok }) => !ok).length,
    ],
    [
      `counters and configs with an answer later than ${REQUEST_TIMEOUT_MS} ms and the slowest /healthz`,
      lateTargets(run).length,
    ],
    ['failed requests to what needs no Redis', judged.reduce((sum, { errors }) => sum + errors.length, 0)],
    [
      `endpoints without need of Redis whose p99 in trouble reaches its deadline, ${ORIGIN_TIMEOUT_MS} ms`,
      judged.filter(({ disturbedMs }) => p99(disturbedMs) >= ORIGIN_TIMEOUT_MS).length,
    ],
  ];
}

function figures({ tally, rounds, slowestMs, elapsedMs }: OutageRun): [figure: string, value: string][] {
  return [
    ...disturbances.map((name): [string, string] => [`rounds: ${name}`, String(rounds[name])]),
    ['writes acknowledged', String(tally.acknowledged)],
    ['answers `unknown`', String(tally.unknown)],
    ['answers `not-applied`', String(tally.notApplied)],
    ['slowest answer to a write', `${Math.max(...slowestMs.values()).toFixed(0)} ms`],
    ['time', `${(elapsedMs / 1_000).toFixed(0)} s`],
  ];
}

function p99(took: readonly number[]): number {
  return took.length === 0
    ? Number.NaN
    : quantileSorted(
        took.toSorted((a, b) => a - b),
        0.99,
      );
}

function probeRows(probes: readonly Probe[]): (readonly [string, string, string, string, string])[] {
  return probes.map(({ name, judged, undisturbedMs, disturbedMs, errors }) => [
    judged ? name : `${name} (waits for the store by design)`,
    String(undisturbedMs.length + disturbedMs.length),
    p99(undisturbedMs).toFixed(1),
    p99(disturbedMs).toFixed(1),
    String(errors.length),
  ]);
}

/** Every kind of round and of answer must have occurred, else a part of the promise was not tried. */
function isVoid({ tally, rounds, probes }: OutageRun): boolean {
  const untried = disturbances.some((name) => rounds[name] === 0) || tally.unknown === 0 || tally.notApplied === 0;
  return untried || probes.some(({ disturbedMs }) => disturbedMs.length < 100);
}

const probeHead = ['milliseconds', 'requests', 'p99 while all is well', 'p99 in trouble', 'failed'];

async function writeEvidence({ rounds, seed }: RoundsPlan, run: OutageRun, startedAt: string): Promise<void> {
  const machine = describeMachine();
  const command = `node prove/redis-outage.ts --rounds ${rounds} --seed ${seed}`;
  const page = `# The service while Redis is in trouble

Counters and configs of every strategy are written through HTTP while Redis is stopped, killed and restarted (append-only
file, \`appendfsync always\`) and while connections break around its commands. Then, with Redis stopped, the service is killed;
it is started again on what Redis has, and goes on: a write that was lost would have its number given twice, one that was
applied twice would leave a gap that nobody asked for. \`redis-direct\` counts in Redis itself.

- command: \`${command}\`
- date: ${startedAt}
- machine: ${machineText()}
- deadlines: ${ORIGIN_TIMEOUT_MS} ms for Redis, ${REQUEST_TIMEOUT_MS} ms for a request

${table(['broken promises', ''], promises(run))}

${table(['what happened', ''], figures(run))}

${table(probeHead, probeRows(run.probes))}
`;
  const path = new URL('../docs/evidence/redis-outage', import.meta.url).pathname;
  const json = {
    command,
    startedAt,
    machine,
    promises: Object.fromEntries(promises(run)),
    figures: Object.fromEntries(figures(run)),
    slowestMs: Object.fromEntries(run.slowestMs),
    probes: probeRows(run.probes).map((row) => Object.fromEntries(probeHead.map((head, at) => [head, row[at]]))),
  };
  await mkdir(new URL('../docs/evidence/', import.meta.url), { recursive: true });
  await writeFile(`${path}.json`, `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(`${path}.md`, page);
  console.log('written: docs/evidence/redis-outage.json and .md');
}

function print(run: OutageRun): void {
  console.log(table(['what happened', ''], figures(run)));
  console.log(`\n${table(probeHead, probeRows(run.probes))}\n`);
  for (const [promise, broken] of promises(run)) console.log(`${broken === 0 ? '✓' : '✗'} ${broken} ${promise}`);
  for (const verdict of run.verdicts.values()) if (!verdict.ok) console.log(verdict.explanation);
}

await proveWithRedis<RoundsPlan, OutageRun>({
  help,
  planOf: (args) => roundsPlan(args, 300),
  run: (plan, onRound) => runRedisOutage({ ...plan, onRound }),
  print,
  promises,
  isVoid,
  writeEvidence,
});
