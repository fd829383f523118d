/** The evidence as a page. */
import { judgeLeak } from '../../test/support/connections-memory.ts';
import { machineText, table } from '../markdown.ts';
import type { Page } from '../verdict.ts';
import { type Found, UNNOTICED, UNNOTICED_TIMES, verdictOf } from './judgement.ts';
import type { Plan } from './plan.ts';

export function pageOf(found: Found, plan: Pick<Plan, 'parts' | 'listing' | 'memory'>, startedAt: string): Page {
  const { expiry, broadcast, listing, memory } = found;
  const { heartbeatsPerSecond, listingsPerSecond, limit, connections } = plan.listing;
  const verdict = verdictOf(found);
  const because = {
    proved: `the map keeps what it promises, as far as ${plan.parts.join(', ')} show it.`,
    refuted: 'some figure below is not as it should be.',
    void: 'this client was too slow, or the machine too busy, to say anything.',
  }[verdict];
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
  const body = `- command: \`node prove/connections.ts ${process.argv.slice(2).join(' ')}\`
- date: ${startedAt}
- machine: ${machineText()}

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

A bystander asks for \`/healthz\`, which touches no shared state: its p99 in ms while the service is idle, beside
${heartbeatsPerSecond} heartbeats a second, and beside these and ${listingsPerSecond} pages a second of at most ${limit} of a
room of ${connections}. One second of each in turn, so that what disturbs the machine disturbs all three. Within
${UNNOTICED_TIMES} times idle it must stay for ${UNNOTICED.join(' and ')}.

${table(['', 'idle', 'heartbeats', 'and listings', 'times idle', 'pages'], listings)}

## Memory

What an idle WebSocket takes in KiB: of heaps and what belongs to them after a collection, and of resident memory. Then all
leave and as many come, round after round: bytes that stay of each, by the Theil–Sen slope with its 99 % interval. Before,
${plan.memory.warmUpReconnects} came and left, so that code is compiled.

${table(['', 'alive', 'resident', 'reconnects', 'bytes that stay of each'], memories)}
`;
  return { title: 'The connection map', verdict, because, body };
}

function ms(value: number): string {
  return value.toFixed(2);
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
