/**
 * npm run demo:kill: load is running, threads are ended in the middle of their changes while they hold the lock (or are
 * the owner), and nothing that was acknowledged is lost.
 *
 *     npm run demo:kill -- --strategy sync-lock --kills 50
 */
import '../src/node-version.mjs';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { Pool } from 'undici';
import { strategies } from '../src/strategies/index.ts';
import { type ServiceUnderTest, startServiceUnderTest } from '../test/support/service.ts';

const CLIENTS = 16;
const KEY = 'survivor';

interface Tally {
  acknowledged: number;
  /** Without a definite answer: the connection ended, or the answer said so. */
  unknown: number;
  refused: number;
}

interface Outcome extends Tally {
  readonly strategy: string;
  readonly kills: number;
  readonly stored: number;
  readonly repairs: number;
  readonly longestGapMs: number;
}

const { values } = parseArgs({
  options: { strategy: { type: 'string' }, kills: { type: 'string', default: '20' }, help: { type: 'boolean' } },
});
const sharing = strategies.filter(({ kind }) => kind === 'strategy').map(({ name }) => name);
const chosen = values.strategy === undefined ? sharing : values.strategy.split(',');
const kills = Number(values.kills);
const wrong = chosen.filter((name) => !sharing.includes(name));
if (values.help || wrong.length > 0 || !Number.isInteger(kills) || kills < 1 || kills > 1000) {
  process.stdout.write(`npm run demo:kill -- [--strategy ${sharing.join(',')}] [--kills 1…1000]\n`);
  process.exit(values.help ? 0 : 2);
}

const outcomes: Outcome[] = [];
for (const strategy of chosen) outcomes.push(await demonstrate(strategy));
report(outcomes);

async function demonstrate(strategy: string): Promise<Outcome> {
  const token = randomBytes(12).toString('hex');
  const settings = { THREADS: '2', STRATEGIES: strategy, CONTROLS: 'on', ADMIN_TOKEN: token, LOG_LEVEL: 'error' };
  await using service = await startServiceUnderTest(settings);
  const pool = new Pool(service.url, { connections: CLIENTS, pipelining: 1 });
  const tally: Tally = { acknowledged: 0, unknown: 0, refused: 0 };
  let lastAnswerMs = performance.now();
  let longestGapMs = 0;
  const over = new AbortController();

  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const status = await increment(pool, strategy);
      if (status === 200) {
        tally.acknowledged += 1;
        longestGapMs = Math.max(longestGapMs, performance.now() - lastAnswerMs);
        lastAnswerMs = performance.now();
      } else if (status === 503 || status === 'not sent') tally.refused += 1;
      else tally.unknown += 1;
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  for (let kill = 1; kill <= kills; kill++) {
    await kill1(service, strategy, token);
    const before = tally.acknowledged;
    while (tally.acknowledged < before + 200) await new Promise(setImmediate); // it goes on before the next is ended
    process.stdout.write(`${strategy}: ${kill} of ${kills} ended, ${tally.acknowledged} increments acknowledged\n`);
  }
  over.abort();
  await Promise.all(clients);
  await pool.close();

  const stored = (await (await fetch(`${service.url}/v1/${strategy}/counters/${KEY}`)).json()) as { value: number };
  const recovered = await post(service, strategy, 'recover', token);
  const { counters } = (await recovered.json()) as { counters: { repairs: number } };
  return { strategy, kills, ...tally, stored: stored.value, repairs: counters.repairs, longestGapMs };
}

async function increment(pool: Pool, strategy: string): Promise<number | 'no answer' | 'not sent'> {
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `/v1/${strategy}/counters/${KEY}/increment`,
    });
    await body.dump();
    return statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'not sent' : 'no answer';
  }
}

/** Asks for the next writer to end half-way. The request for it may meet a thread that is on its way out: once more. */
async function kill1(service: ServiceUnderTest, strategy: string, token: string): Promise<void> {
  for (;;) {
    const answer = await post(service, strategy, 'faults', token, '{"kind":"exit-holding"}').catch(() => undefined);
    if (answer?.status === 202) return;
  }
}

function post(
  service: ServiceUnderTest,
  strategy: string,
  path: string,
  token: string,
  body?: string,
): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  return fetch(`${service.url}/v1/${strategy}/${path}`, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** What is stored must have every acknowledged increment, and nothing but those whose outcome nobody knows besides. */
function report(all: readonly Outcome[]): void {
  const head = [
    'strategy',
    'ended',
    'acknowledged',
    'unknown',
    'stored',
    'lost',
    'too many',
    'repairs',
    'longest gap ms',
  ];
  const table = new Table({
    head,
    colAligns: head.map((_, at) => (at === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  let failed = false;
  for (const { strategy, kills: ended, acknowledged, unknown, stored, repairs, longestGapMs } of all) {
    const lost = Math.max(0, acknowledged - stored);
    const extra = Math.max(0, stored - acknowledged - unknown);
    failed ||= lost > 0 || extra > 0;
    table.push([strategy, ended, acknowledged, unknown, stored, lost, extra, repairs, longestGapMs.toFixed(0)]);
  }
  process.stdout.write(
    `\n${table.toString()}\n${failed ? 'FAILED: what was acknowledged is not what is stored.' : 'Nothing acknowledged was lost, nothing counted twice.'}\n`,
  );
  process.exitCode = failed ? 1 : 0;
}
