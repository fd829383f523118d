/** While a reader stays behind so many versions that there is no room for the next, whoever changes something tries again. */
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { CopyInDoubtError, type SharedStateError, VersionsHeldError } from '../../../src/errors.ts';
import { type Call, unhurried } from '../../../src/resources/call.ts';
import type { Cache } from '../../../src/resources/cache.ts';
import type { Connections } from '../../../src/resources/connections.ts';
import type { DocumentOrigin } from '../../../src/origin/origin.ts';
import { readSettings } from '../../../src/settings.ts';
import type { Cell, ResourceName } from '../../../src/strategies/strategy.ts';
import { snapshot } from '../../../src/strategies/snapshot/index.ts';
import { CURRENT, LINE_WORDS, PINS } from '../../../src/sync/snapshot-layout.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { ThreadScope } from '../../../src/threads/context.ts';
import { allocateMemory, cellMemory, cellName } from '../../../src/threads/memory.ts';

const READER = 1;
const MORE_THAN_VERSIONS = 10_000;
const soon: Call = { ...unhurried, remainingMs: 5 };

/** A cell, and a reader on another thread that stays where it is until it is let go. */
async function besideAReader(resource: ResourceName) {
  const settings = readSettings({ ORIGIN_DOCUMENTS: '1' });
  const memory = allocateMemory(settings, [snapshot]);
  const slot = ThreadTable.slot(0, 0);
  new ThreadTable(memory.threads).enter(slot);
  new ThreadTable(memory.threads).enter(ThreadTable.slot(READER, 0));
  const { port1: originPort } = new MessageChannel();
  const scope = await ThreadScope.open({ settings, memory, slot, originPort, originEpoch: 1 });
  originPort.close();
  scope.thread.doorbell[Symbol.dispose]();
  const name = cellName(snapshot, resource);
  let stored = 0;
  const documents = {
    loadDocument: async () => ({ value: '"loaded"', version: ++stored }),
    storeDocument: async () => ++stored,
  } as unknown as DocumentOrigin;
  const implementation = snapshot.cells[resource] as Cell<unknown>;
  const cell = await implementation.attach({ ...scope.cellContext(name), documents });
  const words = new Int32Array(cellMemory(memory, name).data);
  const line = PINS + READER * LINE_WORDS;
  return {
    cell,
    stay() {
      words[line + 1] = ThreadTable.slot(READER, 0);
      Atomics.store(words, line, Atomics.load(words, CURRENT) | 1);
    },
    letGo: () => Atomics.store(words, line, 0),
  };
}

/** Makes versions until there is room for none. @param refusal what the change then fails with */
async function exhaust(
  change: (call: Call) => unknown,
  refusal: new (...args: never[]) => SharedStateError,
): Promise<void> {
  const changes = async (): Promise<void> => {
    for (let made = 0; made < MORE_THAN_VERSIONS; made++) await change(soon);
  };
  await expect(changes()).rejects.toThrow(refusal);
}

async function fullCache() {
  const { cell, ...reader } = await besideAReader('cache');
  const cache = cell as Cache;
  for (let key = 0; key < 200; key++) await cache.write(`key-${key}`, '"old"', 60_000, unhurried);
  reader.stay();
  // The origin has it by then.
  await exhaust((call) => cache.write('hot', '"hot"', 60_000, call), CopyInDoubtError);
  return { ...reader, cell: cache };
}

describe('beside a reader of the cache that stays', () => {
  it('a deletion is told so at its deadline, and is done once the reader has gone on', async () => {
    const { cell, letGo } = await fullCache();
    await expect(async () => cell.forget('key-7', soon)).rejects.toThrow(VersionsHeldError);
    const forgotten = cell.forget('key-7', unhurried);
    letGo();
    await forgotten;
    expect((await cell.read('key-7', unhurried)).status).toBe('miss');
    expect((await cell.read('key-8', unhurried)).status).toBe('hit');
  });

  it('an emptying goes on once the reader has, in turns of the event loop', async () => {
    const { cell, letGo } = await fullCache();
    const cleared = cell.clear(unhurried);
    letGo();
    const beforeAnyTurn = (await cell.stats(unhurried)).entries;
    await cleared;
    expect(beforeAnyTurn).toBeGreaterThan(0);
    expect((await cell.stats(unhurried)).entries).toBe(0);
  });
});

describe('beside a reader of the connection map that stays', () => {
  const registration = { room: 'r', details: '"room":"r"', holder: undefined };
  const gone = { ...registration, holder: ThreadTable.slot(9, 0) };

  async function fullMap(others: number) {
    const { cell, ...reader } = await besideAReader('connections');
    const map = cell as Connections;
    for (let id = 0; id < others; id++) await map.register(`gone-${id}`, gone, unhurried);
    await map.register('hot', registration, unhurried);
    reader.stay();
    await exhaust((call) => map.register('hot', registration, call), VersionsHeldError);
    return { ...reader, cell: map };
  }

  it('a sweep takes out what is gone once the reader has gone on', async () => {
    const { cell, letGo } = await fullMap(20);
    await expect(async () => cell.sweep(1_024, 0, soon)).rejects.toThrow(VersionsHeldError);
    const swept = cell.sweep(1_024, 0, unhurried);
    letGo();
    expect((await swept).swept).toBe(20);
  });
});
