/** A service under load is told to end, again and again: what became of every request, WebSocket and write. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../src/random.ts';
import type { Sent } from './kept-alive-client.ts';
import { readRequests, withWitness } from './reads-witness.ts';
import { RedisServer } from './redis-server.ts';
import type { Account } from './restart-book.ts';
import { sharing } from './served.ts';
import { type ServiceUnderTest, startServiceUnderTest } from './service.ts';
import { accountsOf, startLoad } from './shutdown-load.ts';
import { SocketClient } from './socket-client.ts';

const SOCKETS = 2;
const ROOM = 'watching';
/** Answers after which the signal comes. */
const FEWEST = 300;
const MOST = 3_000;
/** Until the last thread has heard of it. */
const HEARD_MS = 150;
const LIFE_MS = 3_600_000;

/** What a client saw of the end, and what was wrong with it. */
export interface ShutdownRound {
  readonly answered: number;
  /** Answered after the signal. */
  readonly answeredLate: number;
  /** Answers that said `Connection: close`. */
  readonly farewells: number;
  /** New connections that were cut off before anything was read from them: they may be tried elsewhere. */
  readonly turnedAway: number;
  readonly socketsTold: number;
  readonly exitMs: number;
  /** Whether `/readyz` said 503 before nobody answered it. */
  readonly saidUnready: boolean;
  /** Each names one thing that must not be. */
  readonly wrong: Readonly<Record<Wrong, readonly string[]>>;
}

export const wrongs = {
  unanswered: 'requests whose headers were read and that got no answer',
  resets: 'requests on a kept-alive connection that was closed without an answer',
  statuses: 'answers with another status than intended',
  readiness: 'times that `/readyz` said 200 after the service had begun to leave',
  sockets: 'WebSockets that were closed with another code than 1001',
  exits: 'exit codes other than 0',
  lost: 'numbers that are not, after the restart, what was acknowledged',
  ghosts: 'WebSockets that are still listed after the restart',
} as const;
export type Wrong = keyof typeof wrongs;

const cutOff = ({ id, path, error }: Sent): string => `${id} ${path}: ${error}`;
const isIntended = ({ path, status = 0 }: Sent): boolean => (status >= 200 && status < 300) || path === '/readyz';

/** What is wrong with the ends of requests. Pure, so that it can be shown to find something. */
export function judgeRequests(sent: readonly Sent[], read: ReadonlySet<string>) {
  const cut = sent.filter(({ fate }) => fate === 'cut');
  return {
    unanswered: cut.filter(({ id }) => read.has(id)).map(cutOff),
    resets: cut.filter(({ reused }) => reused).map(cutOff),
    turnedAway: cut.filter(({ id, reused }) => !read.has(id) && !reused).length,
    statuses: sent
      .filter((one) => one.fate === 'answered' && !isIntended(one))
      .map(({ id, path, status, body }) => `${id} ${path}: ${status} ${body}`),
  };
}

/** @param leftMs when the first answer said that its connection closes */
export function judgeReadiness(ready: readonly Sent[], leftMs: number): string[] {
  const answers = ready.filter(({ fate }) => fate === 'answered');
  const late = answers.filter(({ status, sentMs }) => status === 200 && sentMs > leftMs + HEARD_MS);
  return late.map(({ sentMs }) => `ready ${Math.round(sentMs - leftMs)} ms after it began to leave`);
}

export interface ShutdownOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly strategies?: readonly string[];
  /** Undefined: the embedded origin, which ends with the service, so nothing is looked for again. */
  readonly redis?: RedisServer | undefined;
  readonly onRound?: (round: number, found: ShutdownRound) => void;
}

export async function runShutdowns(options: ShutdownOptions): Promise<ShutdownRound[]> {
  const { rounds, seed, redis, strategies = sharing.map(({ name }) => name), onRound } = options;
  const random = seededRandom(seed);
  const settings = {
    STRATEGIES: strategies.join(','),
    THREADS: '2',
    WRITE_THROUGH: 'on',
    ORIGIN_LATENCY_MS: '2',
    CONNECTION_TTL_MS: String(LIFE_MS),
    LOG_LEVEL: 'error',
    ...(redis !== undefined && { REDIS_URL: redis.url }),
  };
  const newAccounts = () => new Map(strategies.map((name) => [name, accountsOf(name)]));
  const found: ShutdownRound[] = [];
  let accounts = newAccounts();
  /** What the round before left behind, as the service of this one has it. */
  const settle = async ({ url }: ServiceUnderTest): Promise<void> => {
    const before = found.pop();
    if (before === undefined) return;
    const wrong = { ...before.wrong, ...(await lookAgain(url, accounts)) };
    found.push({ ...before, wrong });
    onRound?.(found.length, found.at(-1)!);
  };
  for (let round = 1; round <= rounds; round++) {
    const notes = await mkdtemp(join(tmpdir(), 'shared-state-reads-'));
    try {
      await using service = await startServiceUnderTest({ ...settings, ...withWitness(notes) });
      if (redis === undefined) accounts = newAccounts();
      else await settle(service);
      found.push(await runRound(service, accounts, random, notes));
      if (redis === undefined) onRound?.(round, found.at(-1)!);
    } finally {
      await rm(notes, { recursive: true });
    }
  }
  if (redis !== undefined) {
    await using last = await startServiceUnderTest(settings);
    await settle(last);
  }
  return found;
}

async function runRound(
  service: ServiceUnderTest,
  accounts: ReadonlyMap<string, readonly Account[]>,
  random: Random,
  notes: string,
): Promise<ShutdownRound> {
  await Promise.all(
    Array.from(accounts.values())
      .flat()
      .map(async (account) => account.open(await numberAt(service.url, account))),
  );
  const names = Array.from(accounts.keys(), (name) => Array.from({ length: SOCKETS }, () => name)).flat();
  const sockets = await Promise.all(
    names.map((name) => SocketClient.open(`${service.url}/v1/${name}`, { room: ROOM })),
  );
  const load = startLoad(service.url, accounts, random);
  await load.answers(FEWEST + Math.floor(random() * (MOST - FEWEST)));
  const toldMs = performance.now();
  const code = await service.stop();
  const exitMs = performance.now() - toldMs;
  await load.ended;
  const closed = await Promise.all(sockets.map((socket) => socket.closed));

  const { sent, ready } = load;
  const answers = sent.filter(({ fate }) => fate === 'answered');
  const farewells = answers.filter(({ closes, path }) => closes && path !== '/readyz');
  const leftMs = Math.min(...farewells.map(({ endedMs }) => endedMs));
  const { turnedAway, ...requests } = judgeRequests(sent, await readRequests(notes));
  return {
    answered: answers.length,
    answeredLate: answers.filter(({ endedMs }) => endedMs > toldMs).length,
    farewells: farewells.length,
    turnedAway,
    socketsTold: closed.filter((one) => one === 1001).length,
    exitMs,
    saidUnready: ready.some(({ status }) => status === 503),
    wrong: {
      ...requests,
      readiness: judgeReadiness(ready, leftMs),
      sockets: closed.filter((one) => one !== 1001).map((one) => `closed with ${one}`),
      exits: code === 0 ? [] : [`exit ${code ?? 'by a kill'}: ${service.output()}`],
      lost: [],
      ghosts: [],
    },
  };
}

/** What a successor on the same Redis has, and whom it lists. */
async function lookAgain(
  url: string,
  accounts: ReadonlyMap<string, readonly Account[]>,
): Promise<{ readonly lost: string[]; readonly ghosts: string[] }> {
  const all = Array.from(accounts.values()).flat();
  const differing = await Promise.all(all.map(async (account) => account.settle(await numberAt(url, account))));
  const listings = await Promise.all(
    Array.from(accounts.keys(), async (name) => {
      const answer = await fetch(`${url}/v1/${name}/connections?room=${ROOM}`);
      const { total } = (await answer.json()) as { total: number };
      return total === 0 ? undefined : `${name} lists ${total}`;
    }),
  );
  return { lost: differing.filter((one) => one !== undefined), ghosts: listings.filter((one) => one !== undefined) };
}

async function numberAt(url: string, { target }: Account): Promise<number | undefined> {
  const answer = await fetch(url + target.path);
  const text = await answer.text();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`GET ${target.path} was answered ${answer.status} ${text}`);
  return target.numberIn(text);
}
