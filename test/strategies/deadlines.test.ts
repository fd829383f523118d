/** What waits for a lock on behalf of a call waits no longer than that call may, under every strategy that blocks. */
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { ServedStrategy } from '../../src/app.ts';
import { LockTimeoutError } from '../../src/errors.ts';
import { type Call, unhurried } from '../../src/resources/call.ts';
import type { Cache } from '../../src/resources/cache.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { LOCK_WORDS, ownedBy } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { attachAll } from '../../src/threads/attach.ts';
import { allocateMemory, cellMemory } from '../../src/threads/memory.ts';
import { isServed } from '../support/served.ts';

const LOCK_TIMEOUT_MS = 60_000;
const late: Call = { ...unhurried, remainingMs: 1 };

/** Locks of a cell that are taken last and held for a few stores: they have a limit of their own. */
const leafLocks = { cache: 4, connections: 1 };

/** A strategy as one thread sees it; another holds the locks of one of its resources. */
async function behindALock(name: string, resource: keyof typeof leafLocks): Promise<ServedStrategy['resources']> {
  const strategy = strategies.find((one) => one.name === name)!;
  const settings = readSettings({ LOCK_TIMEOUT_MS: String(LOCK_TIMEOUT_MS), ORIGIN_DOCUMENTS: '1' });
  const memory = allocateMemory(settings, [strategy]);
  const threads = new ThreadTable(memory.threads);
  const [slot, other] = [ThreadTable.slot(0, 0), ThreadTable.slot(1, 0)];
  threads.enter(slot);
  threads.enter(other);
  const { port1: originPort } = new MessageChannel();
  const { served } = await attachAll({ settings, memory, slot, originPort, originEpoch: 1, ownerPorts: {} }, [
    strategy,
  ]);
  const { locks } = cellMemory(memory, `${name}/${resource}`);
  for (let line = 0; line < locks.length - leafLocks[resource] * LOCK_WORDS; line += LOCK_WORDS)
    Atomics.store(locks, line, ownedBy(other));
  originPort.close();
  return served[0]!.resources;
}

describe.for(['sync-lock', 'sharded', 'async-lock', 'snapshot'].filter(isServed))('behind a lock: %s', (name) => {
  it('connections wait no longer than their call may', async () => {
    const connections = (await behindALock(name, 'connections')).connections as Connections;
    const registration = { room: 'r', details: '"room":"r"', holder: undefined };
    await expect(async () => connections.register('a', registration, late)).rejects.toThrow(LockTimeoutError);
    await expect(async () => connections.leave('a', '*', late)).rejects.toThrow(LockTimeoutError);
    if (name === 'snapshot') return; // a listing there waits for nobody
    const request = { room: 'r', limit: 10, cursor: 0 };
    await expect(async () => connections.list(request, late)).rejects.toThrow(LockTimeoutError);
    await expect(async () => connections.rooms(late)).rejects.toThrow(LockTimeoutError);
  });

  it('a cache that forgets waits no longer than its call may', async () => {
    const cache = (await behindALock(name, 'cache')).cache as Cache;
    await expect(async () => cache.forget('a', late)).rejects.toThrow(LockTimeoutError);
  });
});
