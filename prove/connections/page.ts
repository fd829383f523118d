/** The evidence as a page. */
import { describeMachine } from '../../load/machine.ts';
import { judgeLeak } from '../../test/support/connections-memory.ts';
import { type Found, UNNOTICED, UNNOTICED_TIMES } from './judgement.ts';

type Cell = string | number;

export function pageOf({ expiry, broadcast, listing, memory }: Found, startedAt: string): string {
  const machine = describeMachine();
  const expiries = expiry.map(({ name, run }) => {
    const { registered, silent, heartbeats, lost, ghosts, sweptEarly, disagreements, late } = run;
    return [name, registered, silent, heartbeats, lost, ghosts, sweptEarly, disagreements, late];
  });
  const broadcasts = broadcast.map(({ name, run }) => {
    const { sent, delivered, lost, doubled, reordered, closed, closedUnasked, disagreements } = run;
    return [name, sent, delivered, lost, doubled, reordered, closed, closedUnasked, disagreements];
  });
  const listings = listing.map(({ name, run: { idleMs, heartbeatsMs, listingsMs, pages } }) => {
    return [name, ms(idleMs), ms(heartbeatsMs), ms(listingsMs), (listingsMs / idleMs).toFixed(2), pages];
  });
  const memories = memory.map(({ name, run: { liveBytesPerSocket, residentBytesPerSocket, soak } }) => {
    const { bytesPerReconnect, least, most } = judgeLeak(soak);
    const stays = `${bytesPerReconnect.toFixed(0)} [${least.toFixed(0)} to ${most.toFixed(0)}]`;
    return [name, kib(liveBytesPerSocket), kib(residentBytesPerSocket), soak.at(-1)!.reconnects, stays];
  });
  return `# The connection map

- command: \`node prove/connections.ts ${process.argv.slice(2).join(' ')}\`
- date: ${startedAt}
- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}

## Registrations, of which some fall silent

After the time to live and a sweep: *lost* were alive and not listed, *ghosts* silent and listed, *swept early* not found
by a heartbeat in time; *disagreements* are between totals, rooms and entries. *Late* are those of which this client was
too slow to be heard in time: they would prove nothing.

${table(['', 'registered', 'silent', 'heartbeats', 'lost', 'ghosts', 'swept early', 'disagreements', 'late'], expiries)}

## WebSockets on two threads that talk while threads are killed

*Closed* with the thread that was killed (with \`actor\` its owner is, which closes none), *unasked* at any other time;
*disagreements* between the map and what is open in the end. Whoever was closed came back under another id.

${table(['', 'sent', 'delivered', 'lost', 'doubled', 'out of order', 'closed', 'unasked', 'disagreements'], broadcasts)}

## Long listings, and a bystander

A bystander asks for \`/healthz\`, which touches no shared state: its p99 in ms while the service is idle, beside 380
heartbeats a second, and beside these and 20 pages a second of 1,000 of a room of 10,000. One second of each in turn, so
that what disturbs the machine disturbs all three. Within ${UNNOTICED_TIMES} times idle it must stay for ${UNNOTICED.join(' and ')}.

${table(['', 'idle', 'heartbeats', 'and listings', 'times idle', 'pages'], listings)}

## Memory

What an idle WebSocket takes in KiB: of heaps and what belongs to them after a collection, and of resident memory. Then all
leave and as many come, round after round: bytes that stay of each, by the Theil–Sen slope with its 99 % interval.

${table(['', 'alive', 'resident', 'reconnects', 'bytes that stay of each'], memories)}
`;
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function ms(value: number): string {
  return value.toFixed(2);
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
