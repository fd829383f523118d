/**
 * Proves over HTTP and WebSockets what the connection map promises under every strategy: nobody who is heard from is
 * lost, nobody who is not stays, messages arrive once and in order on every thread while threads are killed, long
 * listings hold nobody up where they are said not to; and states what an idle WebSocket takes of memory, and what stays.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: this client was too slow, or the machine too busy, to say anything.
 */
import { runBroadcast } from '../test/support/connections-broadcast.ts';
import { runExpiry } from '../test/support/connections-expiry.ts';
import { runListing } from '../test/support/connections-listing.ts';
import { runMemory } from '../test/support/connections-memory.ts';
import { runCommand } from './command.ts';
import type { Named } from './connections/judgement.ts';
import { pageOf } from './connections/page.ts';
import { help, type Part, planOf } from './connections/plan.ts';
import { conclude, evidenceFile } from './verdict.ts';

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  async function each<Run>(part: Part, names: readonly string[], run: (name: string) => Promise<Run>) {
    const found: Named<Run>[] = [];
    for (const name of plan.parts.includes(part) ? names : []) {
      found.push({ name, run: await run(name) });
      console.log(`${part}, ${name}: ${JSON.stringify(found.at(-1)!.run)}`);
    }
    return found;
  }
  const { names } = plan;
  const found = {
    listing: await each('listing', names, (name) => runListing(name, plan.listing)),
    expiry: await each('expiry', names, (name) => runExpiry(name, plan.count, plan.ttlMs)),
    broadcast: await each('broadcast', names, (name) => runBroadcast(name, plan.broadcast)),
    memory: await each('memory', names.slice(0, 1), (name) => runMemory(name, plan.memory)),
  };
  return await conclude(pageOf(found, plan, startedAt), plan.evidence ? evidenceFile('connections.md') : undefined);
}

await runCommand(help, main);
