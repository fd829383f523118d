/**
 * Proves that twice the load that the service can bear keeps it as quick for those it accepts: capacity is found in a
 * closed loop, then requests come at random times at 0.7 of it, then at twice. With
 * `MAX_STANDING_WAIT_MS=5`.
 *
 *     npm run prove -- --only overload     prints, and writes docs/evidence/overload.md once it is proved
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: this client was too slow to send twice the capacity, or so late
 * itself that it says nothing about the service.
 */
import { parseArgs } from 'node:util';
import { msText, wholeText } from '../load/format.ts';
import { isServed } from '../test/support/served.ts';
import { startServiceUnderTest, stopCleanly } from '../test/support/service.ts';
import { positive, runCommand } from './command.ts';
import { machineText, table } from './markdown.ts';
import { closedLoop, openLoop, p99, type Seen, type Target } from './overload/clients.ts';
import {
  doubts,
  faults,
  type Found,
  MOST_LATE,
  MOST_SLOWER,
  objections,
  OVERLOAD,
  slower,
  verdictOf,
} from './overload/judgement.ts';
import { conclude, evidenceFile, type Page } from './verdict.ts';

const help = `node prove/overload.ts [flags]
  --seconds <n>   of each load but the first   (25)
  --seed <n>      decides when requests come   (26)
  --only <name>   one of the bottlenecks; no evidence is written
  --no-evidence   leave docs/evidence/overload.md as it is`;

/** Too few for the service to call it a queue. */
const CLIENTS = 8;
/** As many as load generators like to have, each sending its next request when the last is answered. */
const MANY_CLIENTS = 64;
const CAPACITY_SECONDS = 6;
const CLOSED_SECONDS = 4;
const WARMUP_SECONDS = 3;
const NORMAL_SHARE = 0.7;

interface Bottleneck {
  readonly name: string;
  readonly why: string;
  readonly strategy: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly settings: Readonly<Record<string, string>>;
}

const increment = { path: 'counters/hits/increment', method: 'POST' } as const;

/** Each does more for a request than this client, which shares the machine. */
const bottlenecks: readonly Bottleneck[] = [
  {
    name: 'a lock held across I/O',
    why: 'requests wait for an asynchronous lock, event loops are idle',
    strategy: 'async-lock',
    ...increment,
    settings: { WRITE_THROUGH: 'on' },
  },
  {
    name: 'CPU inside a lock',
    why: 'requests wait before the event loops of both threads, which block on the lock',
    strategy: 'sync-lock',
    ...increment,
    settings: { HOLD_US: '2000' },
  },
  {
    name: 'CPU on one thread',
    why: 'requests wait before the event loop',
    strategy: 'sharded',
    ...increment,
    settings: { THREADS: '1', HOLD_US: '2000' },
  },
  {
    name: 'an owner thread',
    why: 'requests wait in a mailbox',
    strategy: 'actor',
    ...increment,
    settings: { HOLD_US: '2000' },
  },
];

interface Measured extends Found {
  readonly bottleneck: Bottleneck;
}

async function measure(bottleneck: Bottleneck, seconds: number, seed: number): Promise<Measured> {
  const found = await served(bottleneck, { MAX_STANDING_WAIT_MS: '5' }, async (target) => {
    const { acceptedMs, seconds: took } = await closedLoop(target, CLIENTS, CAPACITY_SECONDS);
    const capacityPerSecond = acceptedMs.length / took;
    console.log(`${bottleneck.name}: capacity ${wholeText(capacityPerSecond)}/s`);
    const at = async (share: number): Promise<Seen> =>
      told(
        `at ${share} times it`,
        await openLoop(target, {
          ratePerSecond: share * capacityPerSecond,
          seconds,
          warmupSeconds: WARMUP_SECONDS,
          seed,
        }),
      );
    const normal = await at(NORMAL_SHARE);
    const overload = await at(OVERLOAD);
    const after = await at(NORMAL_SHARE);
    const closed = told(`${MANY_CLIENTS} clients`, await closedLoop(target, MANY_CLIENTS, CLOSED_SECONDS));
    return { bottleneck, capacityPerSecond, normal, overload, after, closed };
  });
  const closedByDefault = await served(bottleneck, {}, async (target) =>
    told(`${MANY_CLIENTS} clients, by default`, await closedLoop(target, MANY_CLIENTS, CLOSED_SECONDS)),
  );
  return { ...found, closedByDefault };
}

/** Runs `work` against a service of its own that is warm. */
async function served<T>(
  { strategy, path, method, settings }: Bottleneck,
  more: Readonly<Record<string, string>>,
  work: (target: Target) => Promise<T>,
): Promise<T> {
  const service = await startServiceUnderTest({ ...settings, STRATEGIES: strategy, ...more });
  try {
    const target = { url: `${service.url}/v1/${strategy}/${path}`, method };
    await closedLoop(target, CLIENTS, 2);
    return await work(target);
  } finally {
    await stopCleanly(service);
  }
}

function told(what: string, seen: Seen): Seen {
  const { acceptedMs, refused, wrong } = seen;
  console.log(`  ${what}: accepted ${acceptedMs.length}, p99 ${msText(p99(acceptedMs))} ms, refused ${refused}`);
  for (const [fault, times] of wrong) console.log(`    ${times} x ${fault}`);
  return seen;
}

function refusedPart({ refused, sent }: Seen): string {
  return `${((100 * refused) / sent).toFixed(0)} %`;
}

const reasons = {
  proved: 'every rejection was right, nothing else went wrong, and who is accepted stays as quick.',
  refuted: 'what speaks against it is listed below.',
  void: 'it says nothing, for the reasons below.',
} as const;

const head = [
  'bottleneck',
  'capacity, /s',
  'normal p99, ms',
  'p99 of accepted at overload, ms',
  `ratio (at most ${MOST_SLOWER})`,
  'accepted / capacity',
  'refused',
  'p99 of a refusal, ms',
  'refused when it was over',
  `${MANY_CLIENTS} clients in a closed loop: refused with 5 / by default`,
  "p99 of this client's lateness, normal / overload, ms",
];

function pageOf(all: readonly Measured[], seconds: number, seed: number): Page {
  const verdict = verdictOf(all);
  const rows = all.map((found) => {
    const { bottleneck, capacityPerSecond, normal, overload, after, closed, closedByDefault } = found;
    const goodput = overload.acceptedMs.length / overload.seconds / capacityPerSecond;
    return [
      `${bottleneck.name}: ${bottleneck.why} (\`${bottleneck.strategy}\`, ${Object.entries(bottleneck.settings)
        .map(([key, value]) => `\`${key}=${value}\``)
        .join(', ')})`,
      wholeText(capacityPerSecond),
      msText(p99(normal.acceptedMs)),
      msText(p99(overload.acceptedMs)),
      slower(found).toFixed(2),
      goodput.toFixed(2),
      wholeText(overload.refused),
      msText(p99(overload.refusedMs)),
      `${after.refused} of ${after.sent}`,
      `${refusedPart(closed)} / ${refusedPart(closedByDefault)}`,
      `${msText(p99(normal.lateMs))} / ${msText(p99(overload.lateMs))}`,
    ];
  });
  const listed = [faults, objections, doubts].flatMap((list) => all.flatMap(list)).map((one) => `- **${one}**\n`);
  const body = `Capacity is what ${CLIENTS} clients in a closed loop are answered per second. *Normal* is ${NORMAL_SHARE} of that, *overload* twice
that, requests coming at random times (Poisson) whether or not those before were answered; latency counts from the
scheduled time, so this client's own lateness is in it. Where that is at normal or at overload more than ${MOST_LATE * 100} % of the
normal p99, the figures of a bottleneck say nothing; a wrong answer refutes all the same. The first ${WARMUP_SECONDS} s of each load are
left out, in which a queue is told from a burst. A rejection is right if it is a 503 with \`Retry-After\` and a problem
document. \`MAX_STANDING_WAIT_MS=5\`; the client is on the same machine, so each bottleneck is one that costs the service
more than the client: what costs it as little as an increment costs about as much to refuse, and nobody can be kept quick
by refusals then.

- command: \`npm run prove -- --only overload\` (\`--seconds ${seconds} --seed ${seed}\`)
- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC
- machine: ${machineText()}

${listed.length === 0 ? '' : `${listed.join('')}\n`}${table(head, rows)}`;
  return { title: 'Twice the capacity', verdict, because: reasons[verdict], body };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '25' },
      seed: { type: 'string', default: '26' },
      only: { type: 'string' },
      'no-evidence': { type: 'boolean', default: false },
    },
  });
  const [seconds, seed] = [positive('--seconds', values.seconds), positive('--seed', values.seed)];
  const chosen = bottlenecks.filter(({ strategy, name }) => isServed(strategy) && (values.only ?? name) === name);
  if (chosen.length === 0)
    throw new TypeError(`--only must be one of ${bottlenecks.map(({ name }) => name).join(', ')}`);
  const all: Measured[] = [];
  for (const bottleneck of chosen) all.push(await measure(bottleneck, seconds, seed));
  const isWhole = !values['no-evidence'] && values.only === undefined;
  return conclude(pageOf(all, seconds, seed), isWhole ? evidenceFile('overload.md') : undefined);
}

await runCommand(help, main);
