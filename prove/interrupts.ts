/**
 * Proves that a comparison can be stopped at any moment: `npm run compare`, ended by a signal at moments spread over all
 * of it, leaves no process behind and keeps every run that was finished.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: no /proc to look for processes in, or
 * no comparison had a finished run when it was stopped.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readdir, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { readResults } from '../load/results-file.ts';
import { seededRandom } from '../load/seeded-random.ts';
import { redisProgram } from '../test/support/redis-server.ts';
import { roundsPlan, runCommand } from './command.ts';
import { machineText, table } from './markdown.ts';
import { conclude, evidenceFile, type Page, type Verdict } from './verdict.ts';

const help = `node prove/interrupts.ts [flags]
  --rounds <n>   comparisons, each ended once   (30)
  --seed <n>     decides when, and by what      (1)
  --evidence     write docs/evidence/interrupts.md once it is proved`;

const root = fileURLToPath(new URL('..', import.meta.url));
const script = fileURLToPath(new URL('interrupts/comparison.ts', import.meta.url));
const choice = ['--workload', 'counters-write-through', '--strategy', 'sync-lock,async-lock', '--duration', '1'];
/** Every child inherits it, and so is found wherever it went. */
const MARK = 'COMPARISON_OF_PROOF';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Of a comparison of two strategies; later rounds meet one that has ended by itself. */
const LONGEST_MS = 30_000;
const GONE_WITHIN_MS = 500;
/** Redis takes part in every third. */
const REDIS_EVERY = 3;

interface Round {
  readonly afterMs: number;
  readonly signal: (typeof SIGNALS)[number];
  readonly impatient: boolean;
  /** Runs that it said were done before the signal, and those in its results. */
  readonly said: number;
  readonly kept: number;
  readonly objections: readonly string[];
}

async function interruptOnce(number: number, random: () => number, withRedis: boolean): Promise<Round> {
  const mark = randomUUID();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'shared-state-interrupts-'));
  await symlink(join(root, '.tools'), join(folder.path, '.tools'));
  const origin = withRedis && number % REDIS_EVERY === 0 ? ['--origin', 'redis'] : [];
  const child = spawn(process.execPath, [script, folder.path, ...choice, ...origin], {
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
  for (const pid of left) killIfThere(pid);
  const directory = await resultsIn(folder.path);
  const results = directory === undefined ? undefined : await readResults(directory);
  const kept = results?.cells.length ?? 0;
  const isPatient = !ended && !impatient;
  const objections = [
    ...(left.length > 0 ? [`${left.length} processes left`] : []),
    ...(kept < said ? [`${said} runs were done and ${kept} are kept`] : []),
    ...(ended && exitCode !== 0 ? [`it ended by itself with ${exitCode}`] : []),
    ...(!ended && started && exitCode !== 130 ? [`it ended with ${exitCode} and not 130`] : []),
    ...(isPatient && kept > 0 && results!.status !== 'interrupted' ? ['it does not say that it was stopped'] : []),
    ...(!impatient && kept > 0 && !existsSync(join(directory!, 'report.html')) ? ['no report'] : []),
  ];
  return { afterMs: ended ? Infinity : afterMs, signal, impatient, said, kept, objections };
}

/** The plain progress of a comparison has a line for every run that is done. */
function doneIn(output: string): number {
  return [...output.matchAll(/^✔ \S+, \S+ \(\d+ threads?\): /gmu)].length;
}

/** The folder of a comparison's results, which has some once something was measured. */
async function resultsIn(folder: string): Promise<string | undefined> {
  const parent = join(folder, 'results');
  const names = await readdir(parent).catch(() => []);
  return names.map((name) => join(parent, name)).find((path) => existsSync(join(path, 'results.json')));
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

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended
  }
}

function verdictOf(rounds: readonly Round[]): Verdict {
  if (rounds.some(({ objections }) => objections.length > 0)) return 'refuted';
  return rounds.some(({ afterMs, kept }) => afterMs < Infinity && kept > 0) ? 'proved' : 'void';
}

const reasons: Readonly<Record<Verdict, string>> = {
  proved: 'no process was left, and every run that was called done was kept.',
  refuted: 'faults were found; each is below.',
  void: 'no comparison had a finished run when it was stopped.',
};

function pageOf(rounds: readonly Round[], command: string, startedAt: string): Page {
  const stopped = rounds.filter(({ afterMs }) => afterMs < Infinity);
  const found = rounds.flatMap(({ objections }, at) => objections.map((fault) => `- **${at + 1}: ${fault}**\n`));
  const counts = [
    ['comparisons', rounds.length],
    ['stopped while they ran', stopped.length],
    ['of them by a second signal at once', stopped.filter(({ impatient }) => impatient).length],
    ['of them with finished runs', stopped.filter(({ kept }) => kept > 0).length],
    ['finished runs announced, and kept', `${sum(rounds, 'said')}, ${sum(rounds, 'kept')}`],
    ['processes left, runs lost, other faults', found.length],
  ];
  const body = `\`npm run compare\` with two strategies and the control, every ${REDIS_EVERY}rd with a Redis of its own, ended by SIGINT, SIGTERM or SIGHUP at a random
moment. Afterwards no process may be there that inherited its environment, and every run that it called done is in its results.

- command: \`${command}\`
- date: ${startedAt}
- machine: ${machineText()}

${found.length === 0 ? '' : `${found.join('')}\n`}${table(['', ''], counts)}`;
  const verdict = verdictOf(rounds);
  return { title: 'A comparison that is stopped', verdict, because: reasons[verdict], body };
}

function sum(rounds: readonly Round[], of: 'said' | 'kept'): number {
  return rounds.reduce((total, round) => total + round[of], 0);
}

async function main(): Promise<number> {
  const { rounds: count, seed, evidence } = roundsPlan(process.argv.slice(2), 30);
  if (!existsSync('/proc/self/environ')) {
    console.error('VOID: there is no /proc to look for processes in');
    return 3;
  }
  await mkdir(join(root, '.tools'), { recursive: true }); // where a comparison looks for k6, or puts it
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
  return conclude(page, evidence ? evidenceFile('interrupts.md') : undefined);
}

await runCommand(help, main);
