/** What a scrape has of strategies that cannot answer. */
import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { stateFamilies } from '../../src/metrics/state-families.ts';
import { unhurried } from '../../src/resources/call.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { LOCK_WORDS, ownedBy, POISONED } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { attachAll } from '../../src/threads/attach.ts';
import { allocateMemory, cellMemory } from '../../src/threads/memory.ts';
import { isServed } from '../support/served.ts';

const [stuck, other] = ['sync-lock', 'sharded'] as const;
const [slot, another] = [ThreadTable.slot(0, 0), ThreadTable.slot(1, 0)];

it.runIf(isServed(stuck) && isServed(other)).for([
  ['held by another thread', ownedBy(another)],
  ['poisoned', POISONED],
] as const)('are left out where a lock is %s, and nobody else is', async ([, state]) => {
  const settings = readSettings({});
  const both = strategies.filter(({ name }) => name === stuck || name === other);
  const memory = allocateMemory(settings, both);
  const threads = new ThreadTable(memory.threads);
  for (const each of [slot, another]) threads.enter(each);
  const { port1: originPort } = new MessageChannel();
  const { served } = await attachAll({ settings, memory, slot, originPort, originEpoch: 1, ownerPorts: {} }, both);
  originPort.close();
  for (const name of [...memory.cells.keys()].filter((cell) => cell.startsWith(`${stuck}/`))) {
    const { locks } = cellMemory(memory, name);
    for (let line = 0; line < locks.length; line += LOCK_WORDS) Atomics.store(locks, line, state);
  }
  const families = await stateFamilies(served, { ...unhurried, remainingMs: 1 });
  const told = (family: string) =>
    families.find(({ name }) => name === family)!.values.map(({ labels }) => labels['strategy']);
  expect(told('connections')).toEqual([other]);
  expect(told('cache_entries')).toEqual([stuck, other]); // which waits for no lock
});
