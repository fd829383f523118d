/**
 * Proves that a comparison can be stopped at any moment: `npm run compare` as a user runs it, ended by a signal at
 * moments spread over all of it, leaves no process behind and keeps every run that was finished.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: no /proc to look for processes in, or
 * no comparison had a finished run when it was stopped.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from '../load/machine.ts';
import { readResults } from '../load/results-file.ts';
import { seededRandom } from '../load/seeded-random.ts';
import { redisProgram } from '../test/support/redis-server.ts';
import { positive, runCommand } from './command.ts';

const help = `node prove/interrupts.ts [flags]
  --rounds <n>   comparisons, each ended once   (30)
  --seed <n>     decides when, and by what      (1)
  --evidence     write docs/evidence/interrupts.md`;

const root = fileURLToPath(new URL('..', import.meta.url));
const resultsDirectory = join(root, 'results');
/** Every child inherits it, and so is found wherever it went. */
const MARK = 'COMPARISON_OF_PROOF';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Of a comparison of two strategies; later rounds meet one that has ended by itself. */
const LONGEST_MS = 24_000;
const GONE_WITHIN_MS = 500;
/** Redis takes part in every third. */
const REDIS_EVERY = 3;

interface Round {
  readonly afterMs: number;
  readonly signal: (typeof SIGNALS)[number];
  readonly impatient: boolean;
  readonly exitCode: number | null;
  /** Runs that it said were done before the signal, and those in its results. */
  readonly said: number;
  readonly kept: number;
  readonly objections: readonly string[];
}

async function interruptOnce(number: number, random: () => number, withRedis: boolean): Promise<Round> {
  const mark = randomUUID();
  const before = new Set(await directories());
  const origin = withRedis && number % REDIS_EVERY === 0 ? ['--origin', 'redis'] : [];
  const args = [
    '--workload',
    'counters-write-through',
    '--strategy',
    'sync-lock,async-lock',
    '--duration',
    '1',
    ...origin,
  ];
  const child = spawn(process.execPath, [join(root, 'load/compare.ts'), ...args], {
    cwd: root,
    env: { ...process.env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const afterMs = Math.round(random() * LONGEST_MS);
  const signal = SIGNALS[Math.floor(random() * SIGNALS.length)]!;
  const impatient = random() < 0.2;
  const ended = await Promise.race([exited, delay(afterMs, undefined, { ref: false })]);
  const said = doneIn(output);
  const started = output !== '';
  if (!ended) child.kill(signal);
  if (!ended && impatient) child.kill('SIGINT');
  const [exitCode] = await exited;
  const left = await processesLeft(mark);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  const [directory] = (await directories()).filter((name) => !before.has(name));
  const results = directory === undefined ? undefined : await readResults(join(resultsDirectory, directory));
  const kept = results?.cells.length ?? 0;
  const objections = [
    ...(left.length > 0 ? [`${left.length} processes left`] : []),
    ...(kept < said ? [`${said} runs were done and ${kept} are kept`] : []),
    ...(!ended && started && exitCode !== 130 ? [`it ended with ${exitCode} and not 130`] : []),
    ...(!ended && !impatient && kept > 0 && results!.status !== 'interrupted'
      ? ['it does not say that it was stopped']
      : []),
    ...(!impatient && kept > 0 && !existsSync(join(resultsDirectory, directory!, 'report.html')) ? ['no report'] : []),
  ];
  if (directory !== undefined) await rm(join(resultsDirectory, directory), { recursive: true });
  return { afterMs: ended ? Infinity : afterMs, signal, impatient, exitCode, said, kept, objections };
}

/** The plain progress of a comparison has a line for every run that is done. */
function doneIn(output: string): number {
  return [...output.matchAll(/^✔ \S+, \S+ \(\d+ threads?\): /gmu)].length;
}

async function directories(): Promise<string[]> {
  const names = await readdir(resultsDirectory).catch(() => []);
  return names.filter((name) => /^\d{4}-/u.test(name));
}

/** What is there longer than a killed process takes to go. */
async function processesLeft(mark: string): Promise<number[]> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = await processesMarked(mark);
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(20);
  }
}

async function processesMarked(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''); // gone, or another user's
      return environment.includes(mark) ? [Number(pid)] : [];
    }),
  );
  return marked.flat();
}

function pageOf(rounds: readonly Round[], command: string, startedAt: string): string {
  const { cpu, cores, platform, node } = describeMachine();
  const stopped = rounds.filter(({ afterMs }) => afterMs < Infinity);
  const counts = [
    ['comparisons', rounds.length],
    ['stopped while they ran', stopped.length],
    ['of them by a second signal at once', stopped.filter(({ impatient }) => impatient).length],
    ['of them with finished runs', stopped.filter(({ kept }) => kept > 0).length],
    ['finished runs announced, and kept', `${sum(rounds, 'said')}, ${sum(rounds, 'kept')}`],
    ['processes left, runs lost, other faults', rounds.flatMap(({ objections }) => objections).length],
  ];
  return `# A comparison that is stopped

\`npm run compare\` with two strategies and the control, every ${REDIS_EVERY}rd with a Redis of its own, ended by SIGINT, SIGTERM or SIGHUP at a random
moment. Afterwards no process may be there that inherited its environment, and every run that it called done is in its results.

- command: \`${command}\`
- date: ${startedAt}
- machine: ${cpu}, ${cores} cores, ${platform}, Node ${node}

| | |
|---|---:|
${counts.map((row) => `| ${row.join(' | ')} |`).join('\n')}
`;
}

function sum(rounds: readonly Round[], of: 'said' | 'kept'): number {
  return rounds.reduce((total, round) => total + round[of], 0);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      evidence: { type: 'boolean', default: false },
    },
  });
  const [count, seed] = [positive('--rounds', values.rounds), positive('--seed', values.seed)];
  if (!existsSync('/proc/self/environ')) {
    console.error('VOID: there is no /proc to look for processes in');
    return 3;
  }
  const startedAt = new Date().toISOString();
  const random = seededRandom(seed);
  const rounds: Round[] = [];
  for (let number = 1; number <= count; number++) {
    const round = await interruptOnce(number, random, redisProgram !== undefined);
    rounds.push(round);
    const moment = round.afterMs === Infinity ? 'ended by itself' : `${round.signal} after ${round.afterMs} ms`;
    const twice = round.impatient ? ', twice' : '';
    const fault = round.objections.length === 0 ? '' : `: ${round.objections.join(', ')}`;
    console.log(`${number} of ${count}: ${moment}${twice}, ${round.kept} runs kept${fault}`);
  }
  const page = pageOf(rounds, `node prove/interrupts.ts --rounds ${count} --seed ${seed}`, startedAt);
  console.log(`\n${page}`);
  if (values.evidence) await writeFile(join(root, 'docs/evidence/interrupts.md'), page);
  if (rounds.some(({ objections }) => objections.length > 0)) return 1;
  return rounds.some(({ afterMs, kept }) => afterMs < Infinity && kept > 0) ? 0 : 3;
}

await runCommand(help, main);
