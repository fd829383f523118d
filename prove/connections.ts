/**
 * Proves over HTTP and WebSockets what the connection map promises under every strategy: nobody who is heard from is
 * lost, nobody who is not stays, messages arrive once and in order on every thread while threads are killed; and states
 * what an idle WebSocket takes of memory.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: this client was too slow to say anything.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { mean } from 'simple-statistics';
import { describeMachine } from '../load/machine.ts';
import { strategies } from '../src/strategies/index.ts';
import { type BroadcastRun, runBroadcast } from '../test/support/connections-broadcast.ts';
import { type ExpiryRun, runExpiry } from '../test/support/connections-expiry.ts';
import { type MemoryRun, runMemory } from '../test/support/connections-memory.ts';
import { positive, runCommand } from './command.ts';

const help = `node prove/connections.ts [flags]
  --strategy <names>  only these, separated by commas
  --count <n>         registrations, three of ten of which fall silent     (100000)
  --ttl <ms>          time to live; long enough to hear everybody within   (60000)
  --sockets <n>       WebSockets in ten rooms                              (1000)
  --seconds <n>       that they talk                                       (60)
  --rate <n>          messages per second                                  (40)
  --kills <n>         threads that die meanwhile                           (3)
  --rounds <n>        of a soak in which all WebSockets leave and return   (20)
  --evidence          write docs/evidence/connections.md`;

/** How much more memory the last rounds of the soak may take than those in its middle. */
const FLAT = 1.1;

interface Found {
  readonly name: string;
  readonly expiry: ExpiryRun;
  readonly broadcast: BroadcastRun;
}

function planOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: 'string' },
      count: { type: 'string', default: '100000' },
      ttl: { type: 'string', default: '60000' },
      sockets: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '40' },
      kills: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '20' },
      evidence: { type: 'boolean', default: false },
    },
  });
  const names = values.strategy?.split(',');
  const shared = strategies.filter(({ kind }) => kind === 'strategy').map(({ name }) => name);
  for (const name of names ?? []) {
    if (!shared.includes(name)) throw new TypeError(`--strategy: there is no "${name}"`);
  }
  const number = (flag: Exclude<keyof typeof values, 'strategy' | 'evidence'>) => positive(`--${flag}`, values[flag]);
  return {
    names: names ?? shared,
    count: number('count'),
    ttlMs: number('ttl'),
    sockets: number('sockets'),
    seconds: number('seconds'),
    rate: number('rate'),
    kills: number('kills'),
    rounds: number('rounds'),
    evidence: values.evidence,
  };
}

const broken = ({ expiry, broadcast }: Found): number => {
  const { lost, ghosts, sweptEarly, disagreements } = expiry;
  const { lost: unheard, doubled, reordered, closedUnasked, disagreements: strangers } = broadcast;
  return lost + ghosts + sweptEarly + disagreements + unheard + doubled + reordered + closedUnasked + strangers;
};

const isVoid = ({ expiry, broadcast }: Found): boolean => expiry.late > 0 || broadcast.delivered < broadcast.sent;

function isFlat({ soakMib }: MemoryRun): boolean {
  const middle = soakMib.slice(Math.floor(soakMib.length / 4), Math.ceil(soakMib.length / 2));
  return soakMib.length < 8 || mean(soakMib.slice(-5)) <= FLAT * mean(middle);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function pageOf(found: readonly Found[], memory: MemoryRun, startedAt: string): string {
  const machine = describeMachine();
  const expiries = found.map(({ name, expiry: run }) => {
    const { registered, silent, heartbeats, lost, ghosts, sweptEarly, disagreements, late } = run;
    return [name, registered, silent, heartbeats, lost, ghosts, sweptEarly, disagreements, late];
  });
  const broadcasts = found.map(({ name, broadcast: run }) => {
    const { sent, delivered, lost, doubled, reordered, closed, closedUnasked, disagreements } = run;
    return [name, sent, delivered, lost, doubled, reordered, closed, closedUnasked, disagreements];
  });
  const expiryHead = [
    '',
    'registered',
    'silent',
    'heartbeats',
    'lost',
    'ghosts',
    'swept early',
    'disagreements',
    'late',
  ];
  const talkHead = ['', 'sent', 'delivered', 'lost', 'doubled', 'out of order', 'closed', 'unasked', 'disagreements'];
  return `# The connection map

- command: \`node prove/connections.ts ${process.argv.slice(2).join(' ')}\`
- date: ${startedAt}
- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}

## Registrations, of which some fall silent

After the time to live and a sweep: *lost* were alive and not listed, *ghosts* silent and listed, *swept early* not found
by a heartbeat in time; *disagreements* are between totals, rooms and entries. *Late* are those of which this client was
too slow to be heard in time: they would prove nothing.

${table(expiryHead, expiries)}

## WebSockets on two threads that talk while threads are killed

*Closed* with the thread that was killed (with \`actor\` its owner is, which closes none), *unasked* at any other time;
*disagreements* between the map and what is open in the end. Whoever was closed came back under another id.

${table(talkHead, broadcasts)}

## Memory

An idle WebSocket takes ${(memory.bytesPerSocket / 1024).toFixed(1)} KiB of resident memory. All leave and as many come, round after round:
${memory.soakMib.join(', ')} MiB.
`;
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  const found: Found[] = [];
  for (const name of plan.names) {
    const expiry = await runExpiry(name, plan.count, plan.ttlMs);
    console.log(`${name}: ${JSON.stringify(expiry)}`);
    const broadcast = await runBroadcast(name, { ...plan, rooms: 10 });
    console.log(`${name}: ${JSON.stringify(broadcast)}`);
    found.push({ name, expiry, broadcast });
  }
  const memory = await runMemory(plan.names[0]!, plan.sockets, plan.rounds);
  console.log(`memory: ${JSON.stringify(memory)}`);
  const page = pageOf(found, memory, startedAt);
  if (plan.evidence) await writeFile(new URL('../docs/evidence/connections.md', import.meta.url), page);
  const refuted = found.some((one) => broken(one) > 0) || !isFlat(memory);
  const nothing = found.some(isVoid);
  console.log(refuted ? 'REFUTED: see above' : nothing ? 'VOID: this client was too slow' : 'PROVED');
  return refuted ? 1 : nothing ? 3 : 0;
}

await runCommand(help, main);
