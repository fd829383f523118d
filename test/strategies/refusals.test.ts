/** A refusal changes nothing, so it costs what an answer costs, however much is there. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CapacityError, PreconditionFailedError } from '../../src/errors.ts';
import { unhurried } from '../../src/resources/call.ts';
import type { Config } from '../../src/resources/config.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { readSettings } from '../../src/settings.ts';
import { ConfigRegister } from '../../src/strategies/config-register.ts';
import { RoomIndex } from '../../src/strategies/room-index.ts';
import { Arena } from '../../src/sync/arena.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import { SnapshotTable } from '../../src/sync/snapshot-table.ts';
import { attached, visited } from '../support/attached.ts';
import { sharing } from '../support/served.ts';

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

  it('refuses a registration where there is no room without a look at those that are there', async () => {
    const full = 1_100; // more than two parts of the map
    const connections = (await attached(
      strategy,
      'connections',
      readSettings({ CONNECTIONS_CAPACITY: `${full}` }),
    )) as Connections;
    const register = async (id: string) =>
      connections.register(id, { room: 'r', details: '"room":"r"', holder: undefined }, unhurried);
    for (let id = 0; id < full; id++) await register(`id-${id}`);
    await expect(async () => register('first')).rejects.toThrow(CapacityError); // finds out when they expire
    const visits = visited();
    await expect(async () => register('second')).rejects.toThrow(CapacityError);
    expect(visits()).toBeLessThan(50);
  });

  it('refuses a config without reading it again', async () => {
    const config = (await attached(strategy, 'config', readSettings({ SHARDS: '8' }))) as Config;
    await config.replace('{}', [1], unhurried);
    const read = vi.spyOn(ConfigRegister.prototype, 'read');
    await expect(async () => config.replace('{}', [1], unhurried)).rejects.toThrow(PreconditionFailedError);
    expect(read.mock.calls.length).toBeLessThanOrEqual(1);
  });
});
