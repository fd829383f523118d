/** Listings give up when their call's time is over; which records they copy. */
import { array, assert, integer, nat, property } from 'fast-check';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { LockTimeoutError } from '../../src/errors.ts';
import { type Call, unhurried } from '../../src/resources/call.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { RecordSet } from '../../src/strategies/record-set.ts';
import { LOCK_WORDS, ownedBy } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { attachAll } from '../../src/threads/attach.ts';
import { allocateMemory, cellMemory } from '../../src/threads/memory.ts';
import { isServed } from '../support/served.ts';

/** The map as one thread sees it; another holds every lock of it. */
async function behindALock(name: string): Promise<Connections> {
  const strategy = strategies.find((one) => one.name === name)!;
  const settings = readSettings({ LOCK_TIMEOUT_MS: '60000' });
  const memory = allocateMemory(settings, [strategy]);
  const threads = new ThreadTable(memory.threads);
  const [slot, other] = [ThreadTable.slot(0, 0), ThreadTable.slot(1, 0)];
  threads.enter(slot);
  threads.enter(other);
  const { port1: originPort } = new MessageChannel();
  const { served } = await attachAll({ settings, memory, slot, originPort, originEpoch: 1, ownerPorts: {} }, [
    strategy,
  ]);
  const { locks } = cellMemory(memory, `${name}/connections`);
  for (let line = 0; line < locks.length; line += LOCK_WORDS) Atomics.store(locks, line, ownedBy(other));
  originPort.close();
  return served[0]!.resources.connections as Connections;
}

describe('listings behind a lock that somebody else holds', () => {
  it.for(['sync-lock', 'sharded', 'async-lock'].filter(isServed))(
    'wait no longer than their call may: %s',
    async (name) => {
      const connections = await behindALock(name);
      const call: Call = { ...unhurried, remainingMs: 1 };
      const request = { room: 'r', limit: 10, cursor: 0 };
      await expect(async () => connections.list(request, call)).rejects.toThrow(LockTimeoutError);
      await expect(async () => connections.rooms(call)).rejects.toThrow(LockTimeoutError);
    },
  );
});

it('a set of records gives the lowest in order, and is empty then', () => {
  assert(
    property(array(nat(199)), integer({ min: 1, max: 50 }), (records, limit) => {
      const set = new RecordSet(200);
      for (const record of records) set.add(record);
      const lowest = [...new Set(records)].sort((a, b) => a - b).slice(0, limit);
      expect(set.takeLowest(limit)).toEqual(lowest);
      expect(set.takeLowest(limit)).toEqual([]);
    }),
  );
});
