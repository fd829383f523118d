/**
 * Proves over HTTP that documents never go back: recorded histories of overlapping writes, deletions at the origin, copies
 * that expire or are forgotten, JSON and pages, with and without tags. Each must be linearizable per key, also while
 * threads die, under every strategy; those of the control must be rejected, else this check is blind and the proof void.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void.
 */
import { setTimeout as elapsed } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sum } from 'simple-statistics';
import { wholeText } from '../load/format.ts';
import { strategies } from '../src/strategies/index.ts';
import type { Strategy } from '../src/strategies/strategy.ts';
import { recordCacheHistory } from '../test/support/cache-http-history.ts';
import type { CounterOperation, History } from '../test/support/history.ts';
import { checkLinearizable } from '../test/support/linearizability.ts';
import { type ServiceUnderTest, startServiceUnderTest } from '../test/support/service.ts';
import { positive, runCommand } from './command.ts';
import { machineText, table } from './markdown.ts';
import { conclude, evidenceFile, type Page, type Verdict } from './verdict.ts';

const help = `node prove/cache-history.ts [flags]
  --strategy <names> only these, separated by commas; the control always runs too
  --operations <n>   of each history                                (3000)
  --seeds <n>        histories of each strategy, calm and with deaths  (5)
  --seed <n>         the first                                      (1)
  --evidence         write docs/evidence/cache-history.md once it is proved`;

const TOKEN = 'a token for proofs';
const THREADS = 2;
const CLIENTS = 8;
/** Slow enough for what the clients ask to overlap, and copies that expire all the time. */
const environment = {
  CONTROLS: 'on',
  ADMIN_TOKEN: TOKEN,
  ORIGIN_LATENCY_MS: '2',
  ORIGIN_JITTER_MS: '2',
  CACHE_TTL_MS: '20',
};
/** From one death to the next, and until another thread serves. */
const BETWEEN_DEATHS_MS = 400;
/** Of more operations than this nobody knows the outcome where nobody was there to answer: that says too little. */
const MAX_UNKNOWN = 0.1;

/** No client writes it. */
const UNSEEN = -1;
/** What a search may look at before it gives up, in some seconds. */
const MAX_CONFIGURATIONS = 100_000;

interface Plan {
  readonly strategies: readonly Strategy[];
  readonly operations: number;
  readonly seeds: number;
  readonly seed: number;
  readonly evidence: boolean;
}

/** Histories of one strategy, calm ones or with deaths. */
interface Row {
  readonly strategy: Strategy;
  readonly histories: readonly Judged[];
}

interface Judged {
  readonly operations: number;
  /** Of these, those of which nobody knows whether they took effect: their thread died. */
  readonly unknown: number;
  readonly deaths: number;
  /** Why it is not linearizable; undefined when it is. */
  readonly wrong: string | undefined;
  /** Whether the check gave up before it knew. */
  readonly undecided: boolean;
}

/** A strategy that needs a Redis has its histories in `npm test`, where one is started. */
const serving = strategies.filter(({ needs, cells }) => needs === undefined && !('unsupported' in cells.cache));

function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: 'string' },
      operations: { type: 'string', default: '3000' },
      seeds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      evidence: { type: 'boolean', default: false },
    },
  });
  const names = values.strategy?.split(',');
  for (const name of names ?? []) {
    if (!serving.some((strategy) => strategy.name === name)) throw new TypeError(`--strategy: there is no "${name}"`);
  }
  return {
    strategies: serving.filter(({ name, kind }) => kind === 'control' || (names?.includes(name) ?? true)),
    operations: positive('--operations', values.operations),
    seeds: positive('--seeds', values.seeds),
    seed: positive('--seed', values.seed),
    evidence: values.evidence,
  };
}

async function rowOf(strategy: Strategy, withDeaths: boolean, plan: Plan): Promise<Row> {
  const { name, threads = THREADS } = strategy;
  await using service = await startServiceUnderTest({ ...environment, STRATEGIES: name, THREADS: String(threads) });
  const histories: Judged[] = [];
  for (let seed = plan.seed; seed < plan.seed + plan.seeds; seed++) {
    while (!(await isReady(service.url))) await elapsed(20);
    const stop = new AbortController();
    const dying = withDeaths ? endThreads(service, name, stop.signal) : 0;
    let history: History;
    try {
      const keys = [`hot-${seed}`, `warm-${seed}`];
      const { operations } = plan;
      history = await recordCacheHistory({
        url: service.url,
        strategy: name,
        operations,
        keys,
        clients: CLIENTS,
        seed,
      });
    } finally {
      stop.abort();
    }
    histories.push(judged(history, await dying));
  }
  const broken = histories.filter(({ wrong }) => wrong !== undefined);
  const label = `${name}, ${withDeaths ? 'while threads die' : 'calm'}`;
  console.log(`${label}: ${histories.length} histories, ${broken.length} of them not linearizable`);
  for (const { wrong } of strategy.kind === 'control' ? [] : broken) console.log(`  ✗ ${wrong}`);
  return { strategy, histories };
}

function judged(history: History, deaths: number): Judged {
  const unknown = history.filter(({ answer }) => answer.is === 'unknown').length;
  const verdict = checkLinearizable(history.map(unseenAlike(history)), { maxConfigurations: MAX_CONFIGURATIONS });
  const wrong = verdict.ok || verdict.because !== 'violation' ? undefined : verdict.explanation;
  return { operations: history.length, unknown, deaths, wrong, undecided: !verdict.ok && wrong === undefined };
}

/**
 * Writes of unknown outcome that nobody saw are all the same: as many orders of them, and as many choices, are one. Each of
 * them may still be what a deletion deleted.
 */
function unseenAlike(history: History): (operation: CounterOperation) => CounterOperation {
  const seen = new Set(history.flatMap(({ answer }) => (answer.is === 'value' ? [answer.value] : [])));
  return (operation) => {
    const { call, answer } = operation;
    const isUnseen = call.kind === 'write' && answer.is === 'unknown' && !seen.has(call.value);
    return isUnseen ? { ...operation, call: { kind: 'write', value: UNSEEN } } : operation;
  };
}

/** Has one thread after another end in the middle of a change: the owner, where there is one. @returns how many did */
async function endThreads({ url }: ServiceUnderTest, strategy: string, stop: AbortSignal): Promise<number> {
  const base = `${url}/v1/${strategy}`;
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ kind: 'exit-holding' });
  let deaths = 0;
  while (!stop.aborted) {
    try {
      await elapsed(BETWEEN_DEATHS_MS, undefined, { signal: stop });
      if (!(await isReady(url))) continue; // else nobody might be left
      const { status } = await fetch(`${base}/faults`, { method: 'POST', headers, body });
      if (status !== 202) continue;
      const answer = await fetch(`${base}/counters/victim/increment`, { method: 'POST' }).catch(() => undefined);
      if (answer?.status !== 200) deaths += 1;
    } catch {
      // It is over, or the thread that was to be asked has just ended.
    }
  }
  return deaths;
}

/** Every thread serves, and the owner. */
async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined);
  return answer?.status === 200;
}

function verdictOf(calm: readonly Row[], deadly: readonly Row[]): readonly [Verdict, because: string] {
  const all = [...calm, ...deadly];
  const promised = all.filter(({ strategy }) => strategy.kind !== 'control').flatMap(({ histories }) => histories);
  const control = all.filter(({ strategy }) => strategy.kind === 'control').flatMap(({ histories }) => histories);
  if (promised.some(({ wrong }) => wrong !== undefined)) return ['refuted', 'documents went back; see the table.'];
  if (control.length === 0 || control.some(({ wrong }) => wrong === undefined))
    return ['void', 'the control was not rejected each time, so the check says nothing.'];
  if (promised.some(({ undecided }) => undecided)) return ['void', 'the check gave up on some histories.'];
  if (deadly.some(({ histories }) => histories.every(({ deaths }) => deaths === 0)))
    return ['void', 'under some strategy no thread died.'];
  if (promised.some(({ unknown, operations }) => unknown > MAX_UNKNOWN * operations))
    return ['void', 'in some history too few operations were answered.'];
  return ['proved', `${promised.length} histories are linearizable, and the control's are not.`];
}

function pageOf(calm: readonly Row[], deadly: readonly Row[], plan: Plan, startedAt: string): Page {
  const [verdict, because] = verdictOf(calm, deadly);
  const cellsOf = ({ strategy, histories }: Row) => [
    strategy.name + (strategy.kind === 'control' ? ' (control)' : ''),
    histories.length,
    wholeText(sum(histories.map(({ operations }) => operations))),
    sum(histories.map(({ unknown }) => unknown)),
    sum(histories.map(({ deaths }) => deaths)),
    histories.filter(({ wrong }) => wrong !== undefined).length,
  ];
  const head = ['', 'histories', 'operations', 'of unknown outcome', 'deaths', 'not linearizable'];
  const body = `${CLIENTS} clients on two keys write numbered documents, read them as JSON and as pages, with and without a tag that
they have, delete them at the origin, and have the cache forget its copy. Copies live for 20 ms and the origin answers after
2 to 4 ms, so that loads, writes and deletions overlap all the time. Each history is recorded with the times of call and
answer, and is searched for an order that explains every answer: once a reader has seen a version, no later read may see
an older one. Threads die in the middle of a change, with their locks held, and with all that they were asked; under
\`actor\` it is the owner that dies.

- command: \`node prove/cache-history.ts --operations ${plan.operations} --seeds ${plan.seeds} --seed ${plan.seed}\`
- date: ${startedAt}
- machine: ${machineText()}

${table(['calm', ...head.slice(1)], calm.map(cellsOf))}

${table(['while threads die', ...head.slice(1)], deadly.map(cellsOf))}`;
  return { title: 'Documents never go back', verdict, because, body };
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  const calm: Row[] = [];
  const deadly: Row[] = [];
  for (const strategy of plan.strategies) {
    calm.push(await rowOf(strategy, false, plan));
    if (strategy.kind === 'strategy') deadly.push(await rowOf(strategy, true, plan));
  }
  return conclude(pageOf(calm, deadly, plan, startedAt), plan.evidence ? evidenceFile('cache-history.md') : undefined);
}

await runCommand(help, main);
