import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { InjectedFaultError } from '../../src/errors.ts';
import { readSettings } from '../../src/settings.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { attachAll } from '../../src/threads/attach.ts';
import { Faults } from '../../src/threads/faults.ts';
import { allocateMemory, cellName } from '../../src/threads/memory.ts';
import { anyStrategy } from '../support/served.ts';

it('writes of counters meet faults, in whatever order the strategy names its cells', async () => {
  const { counters, ...others } = anyStrategy.cells;
  const strategy: Strategy = { ...anyStrategy, cells: { ...others, counters } };
  const settings = readSettings({ CONTROLS: 'on' });
  const memory = allocateMemory(settings, [strategy]);
  const slot = ThreadTable.slot(0, 0);
  new ThreadTable(memory.threads).enter(slot);
  const { port1: originPort } = new MessageChannel();
  const attachment = { settings, memory, slot, originPort, originEpoch: 1, ownerPorts: {} };
  const { served } = await attachAll(attachment, [strategy]);
  originPort.close();
  served[0]!.admin.inject('throw-in-section', 1, 0);
  const { faults } = memory.cells.get(cellName(strategy, 'counters'))!;
  expect(() => new Faults(faults).midway()).toThrow(InjectedFaultError);
});
