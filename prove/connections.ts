/**
 * Proves over HTTP and WebSockets what the connection map promises under every strategy: nobody who is heard from is
 * lost, nobody who is not stays, messages arrive once and in order on every thread while threads are killed, long
 * listings hold nobody up where they are said not to; and states what an idle WebSocket takes of memory, and what stays.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: this client was too slow, or the machine too busy, to say anything.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { strategies } from '../src/strategies/index.ts';
import { runBroadcast } from '../test/support/connections-broadcast.ts';
import { runExpiry } from '../test/support/connections-expiry.ts';
import { runListing } from '../test/support/connections-listing.ts';
import { runMemory } from '../test/support/connections-memory.ts';
import { positive, runCommand } from './command.ts';
import { type Named, verdictOf } from './connections/judgement.ts';
import { pageOf } from './connections/page.ts';

const help = `node prove/connections.ts [flags]
  --strategy <names>  only these, separated by commas
  --part <names>      only these, separated by commas: expiry, broadcast, listing, memory
  --count <n>         registrations, three of ten of which fall silent     (100000)
  --ttl <ms>          time to live; long enough to hear everybody within   (40000)
  --sockets <n>       WebSockets in ten rooms                              (1000)
  --seconds <n>       that they talk                                       (60)
  --rate <n>          messages per second                                  (40)
  --kills <n>         threads that die meanwhile                           (3)
  --listed <n>        connections in the room that is listed               (10000)
  --turns <n>         seconds of each kind beside which a bystander stands (10)
  --rounds <n>        of a soak in which all WebSockets leave and return   (20)
  --evidence          write docs/evidence/connections.md`;

const PARTS = ['expiry', 'broadcast', 'listing', 'memory'] as const;

function planOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: 'string' },
      part: { type: 'string', default: PARTS.join() },
      count: { type: 'string', default: '100000' },
      ttl: { type: 'string', default: '40000' },
      sockets: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '40' },
      kills: { type: 'string', default: '3' },
      listed: { type: 'string', default: '10000' },
      turns: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '20' },
      evidence: { type: 'boolean', default: false },
    },
  });
  const shared = strategies.filter(({ kind }) => kind === 'strategy').map(({ name }) => name);
  const number = (flag: Exclude<keyof typeof values, 'strategy' | 'part' | 'evidence'>) =>
    positive(`--${flag}`, values[flag]);
  return {
    names: chosen('--strategy', values.strategy ?? shared.join(), shared),
    parts: chosen('--part', values.part, PARTS),
    count: number('count'),
    ttlMs: number('ttl'),
    sockets: number('sockets'),
    seconds: number('seconds'),
    rate: number('rate'),
    kills: number('kills'),
    listed: number('listed'),
    turns: number('turns'),
    rounds: number('rounds'),
    evidence: values.evidence,
  };
}

/** @throws {TypeError} one is not known */
function chosen(flag: string, text: string, known: readonly string[]): string[] {
  const names = text.split(',');
  for (const name of names) if (!known.includes(name)) throw new TypeError(`${flag}: there is no "${name}"`);
  return names;
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  async function each<Run>(
    part: (typeof PARTS)[number],
    names: readonly string[],
    run: (name: string) => Promise<Run>,
  ) {
    const found: Named<Run>[] = [];
    for (const name of plan.parts.includes(part) ? names : []) {
      found.push({ name, run: await run(name) });
      console.log(`${part}, ${name}: ${JSON.stringify(found.at(-1)!.run)}`);
    }
    return found;
  }
  const { names, listed: connections, turns } = plan;
  const found = {
    listing: await each('listing', names, (name) => runListing(name, { connections, rounds: turns })),
    expiry: await each('expiry', names, (name) => runExpiry(name, plan.count, plan.ttlMs)),
    broadcast: await each('broadcast', names, (name) => runBroadcast(name, { ...plan, rooms: 10 })),
    memory: await each('memory', names.slice(0, 1), (name) => runMemory(name, plan.sockets, plan.rounds)),
  };
  const page = pageOf(found, startedAt);
  if (plan.evidence) await writeFile(new URL('../docs/evidence/connections.md', import.meta.url), page);
  const verdict = verdictOf(found);
  if (verdict === 'proved') console.log('PROVED');
  if (verdict === 'refuted') console.log('REFUTED: see above');
  if (verdict === 'void') console.log('VOID: this client was too slow, or the machine too busy');
  return { proved: 0, refuted: 1, void: 3 }[verdict];
}

await runCommand(help, main);
