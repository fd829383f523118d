/** Pages of shards that differ. */
import { describe, expect, it } from 'vitest';
import type { ConnectionsPage } from '../../src/resources/connections.ts';
import { readSettings } from '../../src/settings.ts';
import { SystemClock } from '../../src/clock.ts';
import { memoryOnly } from '../../src/origin/write-through.ts';
import { pageByShards } from '../../src/strategies/connection-listing.ts';
import type { ConnectionTable } from '../../src/strategies/connection-table.ts';
import { asOwner } from '../../src/strategies/in-shard.ts';
import { sharedConnections, sharedConnectionsMemory } from '../../src/strategies/shared-connections.ts';
import type { CellContext } from '../../src/strategies/strategy.ts';
import { LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { atOnce } from '../../src/sync/steps.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';

const SHARDS = 16;

/** A map in shards, of which this thread is the only user. */
function inShards(): ConnectionTable {
  const settings = readSettings({ CONNECTIONS_CAPACITY: '4096', CONNECTIONS_MEMORY_MB: '1' });
  const { locks, bytes } = sharedConnectionsMemory(settings, SHARDS, SHARDS);
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const slot = ThreadTable.slot(0, 0);
  threads.enter(slot);
  const memory = {
    locks: new Int32Array(new SharedArrayBuffer(locks * LOCK_BYTES)),
    data: new SharedArrayBuffer(bytes),
  };
  const context: Partial<CellContext> = {
    name: 'test',
    memory,
    settings,
    thread: { slot, threads } as CellContext['thread'],
    hashSeed: [1, 2],
    clock: new SystemClock(),
    firstEpoch: 0,
    writeThrough: memoryOnly,
    lab: { midway: () => {} },
  };
  return sharedConnections(context as CellContext, SHARDS).table;
}

/** So many ids of each shard. */
function idsOf(table: ConnectionTable, counts: readonly number[]): string[] {
  const left = [...counts];
  const ids: string[] = [];
  for (let at = 0; left.some((count) => count > 0); at++) {
    const id = `c${at}`;
    if (left[table.shardOf(id)]!-- > 0) ids.push(id);
  }
  return ids;
}

function pagesOf(table: ConnectionTable, room: string | undefined, limit: number): ConnectionsPage[] {
  const pages: ConnectionsPage[] = [];
  for (let cursor: number | undefined = 0; cursor !== undefined; cursor = pages.at(-1)!.cursor) {
    pages.push(atOnce(pageByShards(table, { room, limit, cursor }, SHARDS, asOwner)));
  }
  return pages;
}

describe('pages of shards that differ', () => {
  it.for([
    ['one shard has all', [80]],
    ['one has most', [80, ...Array.from({ length: SHARDS - 1 }, () => 1)]],
    ['all have as many', Array.from({ length: SHARDS }, () => 5)],
    ['none has any', []],
  ] as const)('are full but for the last, which has no cursor, with everybody exactly once: %s', ([, counts]) => {
    const table = inShards();
    const ids = idsOf(table, [...counts, ...Array.from({ length: SHARDS - counts.length }, () => 0)]);
    for (const id of ids) table.register(id, { room: 'r', details: '"room":"r"', holder: undefined });
    for (const room of ['r', undefined]) {
      for (const limit of [1, 10, 1000]) {
        const pages = pagesOf(table, room, limit);
        const found = pages.flatMap(({ connections }) => connections.map(({ id }) => id));
        expect(found.toSorted()).toEqual(ids.toSorted());
        for (const { total } of pages) expect(total).toBe(ids.length);
        for (const { connections } of pages.slice(0, -1)) expect(connections.length).toBe(limit);
        expect(pages.at(-1)!.connections.length).toBeLessThanOrEqual(limit);
      }
    }
  });

  it('lose nobody who is there all along, however many come and go between the looks', () => {
    const table = inShards();
    const [stay, go, come] = ['stay', 'go', 'come'].map((name) =>
      Array.from({ length: 60 }, (_, at) => `${name}-${at}`),
    );
    const register = (id: string): void =>
      void table.register(id, { room: 'r', details: '"room":"r"', holder: undefined });
    for (const [at, id] of stay!.entries()) {
      register(id);
      register(go![at]!);
    }
    const found: string[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined;) {
      const steps = pageByShards(table, { room: 'r', limit: 10, cursor }, SHARDS, asOwner);
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) {
        const left = go!.pop();
        if (left !== undefined) table.leave(left, '*');
        const came = come!.pop();
        if (came !== undefined) register(came);
      }
      expect(step.value.connections.length).toBeLessThanOrEqual(10);
      found.push(...step.value.connections.map(({ id }) => id));
      ({ cursor } = step.value);
    }
    expect(found.filter((id) => id.startsWith('stay')).toSorted()).toEqual(stay!.toSorted());
    expect(new Set(found).size).toBe(found.length);
  });
});
