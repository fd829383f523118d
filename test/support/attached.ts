/** One resource of a strategy in this thread, and how much of it is looked at. */
import { MessageChannel } from 'node:worker_threads';
import { vi } from 'vitest';
import { SystemClock } from '../../src/clock.ts';
import type { Settings } from '../../src/settings.ts';
import { ConnectionTable } from '../../src/strategies/connection-table.ts';
import type { ResourceName, Strategy } from '../../src/strategies/strategy.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import { SnapshotTable } from '../../src/sync/snapshot-table.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { ThreadScope } from '../../src/threads/context.ts';
import { allocateMemory, cellName } from '../../src/threads/memory.ts';

/** One resource of a strategy as the thread has it that changes it: of an owner, as the owner has it. */
export async function attached(strategy: Strategy, resource: ResourceName, settings: Settings): Promise<unknown> {
  const memory = allocateMemory(settings, [strategy]);
  const slot = ThreadTable.slot(0, 0);
  new ThreadTable(memory.threads).enter(slot);
  const { port1: originPort } = new MessageChannel();
  const scope = await ThreadScope.open({ settings, memory, slot, originPort, originEpoch: 1 });
  originPort.close();
  scope.thread.doorbell[Symbol.dispose]();
  const cell = strategy.cells[resource];
  if ('unsupported' in cell) throw new Error(cell.unsupported);
  const context = scope.cellContext(cellName(strategy, resource));
  return cell.own === undefined ? cell.attach(context) : cell.own(context);
}

/** Counts looks at records from here on, by whatever a strategy looks with. To be followed by `vi.restoreAllMocks`. */
export function visited(): () => number {
  const spies = [
    ...([SharedTable, SnapshotTable] as const).flatMap(({ prototype }) => [
      vi.spyOn(prototype as SharedTable, 'isLive'),
      vi.spyOn(prototype as SharedTable, 'keyOf'),
    ]),
    vi.spyOn(ConnectionTable.prototype, 'isThere'),
    vi.spyOn(ConnectionTable.prototype, 'connectionAt'),
    vi.spyOn(SystemClock.prototype, 'nowMs'), // that a `Map` of connections asks for each of them
  ];
  return () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
}
