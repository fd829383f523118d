/**
 * Proves that a service under load ends as it should, each time it is told to: unready, `Connection: close`, drained,
 * exit 0. Every request whose headers it read is answered, no kept-alive connection is reset, every WebSocket is told,
 * and a successor on the same Redis has all that was acknowledged.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: too little was under way to say anything.
 */
import { max, median, sum } from 'simple-statistics';
import { wholeText } from '../load/format.ts';
import { redisProgram, RedisServer } from '../test/support/redis-server.ts';
import { runShutdowns, type ShutdownRound, type Wrong, wrongs } from '../test/support/shutdown-round.ts';
import { type RoundsPlan, roundsPlan, runCommand } from './command.ts';
import { machineText, table } from './markdown.ts';
import { conclude, evidenceFile, type Page, type Verdict } from './verdict.ts';

const help = `node prove/shutdown.ts [flags]
  --rounds <n>   signals, each to a service of its own             (50)
  --seed <n>     decides what is asked, and when the signal comes  (1)
  --evidence     write docs/evidence/shutdown.md once it is proved`;

const names = Object.keys(wrongs) as Wrong[];

function broken(found: readonly ShutdownRound[], name: Wrong): number {
  return sum(found.map(({ wrong }) => wrong[name].length));
}

/** Nothing was under way when the signal came, or nobody was told to leave. */
function isVoid({ answeredLate, farewells, saidUnready }: ShutdownRound): boolean {
  return answeredLate === 0 || farewells === 0 || !saidUnready;
}

function figures(found: readonly ShutdownRound[]): [figure: string, value: string][] {
  const total = (of: (round: ShutdownRound) => number): string => wholeText(sum(found.map(of)));
  const exitsMs = found.map(({ exitMs }) => exitMs);
  return [
    ['signals', String(found.length)],
    ['requests answered', total(({ answered }) => answered)],
    ['of these after the signal', total(({ answeredLate }) => answeredLate)],
    ['answers that said `Connection: close`', total(({ farewells }) => farewells)],
    ['WebSockets closed with 1001', total(({ socketsTold }) => socketsTold)],
    ['new connections reset before anything was read from them', total(({ turnedAway }) => turnedAway)],
    ['from the signal to the exit, median', `${median(exitsMs).toFixed(0)} ms`],
    ['from the signal to the exit, longest', `${max(exitsMs).toFixed(0)} ms`],
  ];
}

function verdictOf(found: readonly ShutdownRound[]): Verdict {
  if (names.some((name) => broken(found, name) > 0)) return 'refuted';
  return found.some(isVoid) ? 'void' : 'proved';
}

const reasons: Readonly<Record<Verdict, string>> = {
  proved: 'no promise was broken.',
  refuted: 'promises were broken; how many is in the first table.',
  void: 'in some round too little was under way when the signal came.',
};

function pageOf(found: readonly ShutdownRound[], { rounds, seed }: RoundsPlan, startedAt: string): Page {
  const verdict = verdictOf(found);
  const body = `Clients with kept-alive connections write counters, configs, documents and connections of every strategy with
\`WRITE_THROUGH=on\`, and read them; some pause for up to half a second, which is longer than answers say
\`Connection: close\` before what is idle is closed. After a number of answers that a seed decides the service gets
SIGTERM. A client that is told to leave connects anew, until it is refused. What was read is known from the service: each
thread notes the id of every request whose headers node:http hands over, and leaves its notes behind as it ends. The next
service on the same Redis is asked for all that was acknowledged${redisProgram === undefined ? ' (there was no Redis: not looked for)' : ''}.

- command: \`node prove/shutdown.ts --rounds ${rounds} --seed ${seed}\`
- date: ${startedAt}
- machine: ${machineText()}

${table(
  ['broken promises', ''],
  names.map((name) => [wrongs[name], broken(found, name)]),
)}

${table(['what happened', ''], figures(found))}

New connections are reset where one waits in the system's queue of a thread that stops listening: nothing of it was read,
and whoever sent it may send it again. No client here pipelines: what one sends behind a request whose answer says
\`Connection: close\` is read, and neither done nor answered (RFC 9112, 9.6).`;
  return { title: 'SIGTERM under load', verdict, because: reasons[verdict], body };
}

async function main(): Promise<number> {
  const plan = roundsPlan(process.argv.slice(2), 50);
  const startedAt = new Date().toISOString();
  await using redis = redisProgram === undefined ? undefined : await RedisServer.start();
  const found = await runShutdowns({
    ...plan,
    redis,
    onRound: (round, { answered, answeredLate, exitMs, wrong }) => {
      const counted = `${answered} answered, ${answeredLate} of them after the signal; exit after ${exitMs.toFixed(0)} ms`;
      console.log(`${round} of ${plan.rounds}: ${counted}`);
      for (const name of names) for (const one of wrong[name].slice(0, 5)) console.log(`  ${wrongs[name]}: ${one}`);
    },
  });
  return conclude(pageOf(found, plan, startedAt), plan.evidence ? evidenceFile('shutdown.md') : undefined);
}

await runCommand(help, main);
