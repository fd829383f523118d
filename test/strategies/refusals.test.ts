/** A refusal changes nothing, so it costs what an answer costs, however much is there. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PreconditionFailedError } from '../../src/errors.ts';
import { unhurried } from '../../src/resources/call.ts';
import type { Config } from '../../src/resources/config.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { readSettings, type Settings } from '../../src/settings.ts';
import { ConfigRegister } from '../../src/strategies/config-register.ts';
import { RoomIndex } from '../../src/strategies/room-index.ts';
import type { ResourceName, Strategy } from '../../src/strategies/strategy.ts';
import { Arena } from '../../src/sync/arena.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import { SnapshotTable } from '../../src/sync/snapshot-table.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { ThreadScope } from '../../src/threads/context.ts';
import { allocateMemory, cellName } from '../../src/threads/memory.ts';
import { sharing } from '../support/served.ts';

/** One resource of a strategy as the thread has it that changes it: of an owner, as the owner has it. */
async function attached(strategy: Strategy, resource: ResourceName, settings: Settings): Promise<unknown> {
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

afterEach(() => void vi.restoreAllMocks());

describe.each(sharing)('$name', (strategy) => {
  /** How often records were looked at, rooms made anew and values released while a departure was refused. */
  async function visitsOfARefusal(connected: number): Promise<number> {
    const connections = (await attached(strategy, 'connections', readSettings({}))) as Connections;
    for (let id = 0; id < connected; id++) {
      await connections.register(`id-${id}`, { room: 'r', details: '"room":"r"', holder: undefined }, unhurried);
    }
    const spies = [
      ...([SharedTable, SnapshotTable] as const).map((table) => vi.spyOn(table.prototype as SharedTable, 'isLive')),
      vi.spyOn(RoomIndex.prototype, 'clear'),
      vi.spyOn(Arena.prototype, 'release'),
    ];
    const wrongEpoch = async () => connections.leave('id-7', [1], unhurried);
    await expect(wrongEpoch).rejects.toThrow(PreconditionFailedError);
    const visits = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    vi.restoreAllMocks();
    return visits;
  }

  it('refuses a departure at the same cost, however many are connected', async () => {
    expect(await visitsOfARefusal(200)).toBe(await visitsOfARefusal(50));
  });

  it('refuses a config without reading it again', async () => {
    const config = (await attached(strategy, 'config', readSettings({ SHARDS: '8' }))) as Config;
    await config.replace('{}', [1], unhurried);
    const read = vi.spyOn(ConfigRegister.prototype, 'read');
    await expect(async () => config.replace('{}', [1], unhurried)).rejects.toThrow(PreconditionFailedError);
    expect(read.mock.calls.length).toBeLessThanOrEqual(1);
  });
});
