/** Connection maps on real threads: who makes a change dies in the middle of it, and totals, rooms and entries agree. */
import { describe, expect, it, vi } from 'vitest';
import { OwnerLostError } from '../../src/errors.ts';
import { strategies } from '../../src/strategies/index.ts';
import { type Rig, startRig } from '../support/rig.ts';
import type { Work } from '../support/rig-operations.ts';

vi.setConfig({ testTimeout: 120_000 });

const shared = strategies.filter(
  ({ kind, threads, cells }) => kind !== 'control' && threads === undefined && !('unsupported' in cells.connections),
);
const settings = { CONTROLS: 'on', LOCK_TIMEOUT_MS: '20000', MAILBOX_WAIT_MS: '20000' };
const inRoom = (room: string) => ({ room, details: JSON.stringify({ room }).slice(1, -1), holder: undefined });

/** By id, the room; having asked in every way there is. */
async function contentsOf(rig: Rig): Promise<Record<string, string>> {
  const connections = rig.connectionsOn(1);
  const page = await connections.list({ room: undefined, limit: 1000, cursor: 0 });
  expect(page.total).toBe(page.connections.length);
  const sizes = await connections.rooms();
  for (const { room, connections: size } of sizes) {
    const members = await connections.list({ room, limit: 1000, cursor: 0 });
    const ids = page.connections.filter((one) => one.room === room).map(({ id }) => id);
    expect(members.connections.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect([size, members.total]).toEqual([ids.length, ids.length]);
  }
  expect(new Set(sizes.map(({ room }) => room))).toEqual(new Set(page.connections.map(({ room }) => room)));
  return Object.fromEntries(page.connections.map(({ id, room }) => [id, room]));
}

async function ownerLost(rig: Rig, dying: Work): Promise<void> {
  const replaced = rig.ownerReplaced();
  await expect(rig.run(0, dying)).rejects.toBeInstanceOf(OwnerLostError);
  await replaced;
}

async function threadReplaced(rig: Rig, dying: Work): Promise<void> {
  const replaced = rig.replaced(0);
  void rig.run(0, dying); // of a dead thread nobody hears
  await replaced;
}

describe.each(shared)('who dies in the middle of a change, under $name', ({ cells }) => {
  const hasOwner = 'own' in cells.connections && cells.connections.own !== undefined;

  it('leaves all of it or nothing', async () => {
    await using rig = await startRig({
      strategy: strategies.find((one) => one.cells === cells)!,
      threads: 2,
      settings,
    });
    const before: Record<string, string> = { a: 'r', b: 'r', c: 's' };
    for (const [id, room] of Object.entries(before)) await rig.connectionsOn(0).register(id, inRoom(room));
    const { a: _a, ...without } = before;
    const changes = [
      ['register', ['new', inRoom('r')], { ...before, new: 'r' }],
      ['register', ['a', inRoom('own')], { ...before, a: 'own' }],
      ['register', ['c', inRoom('r')], { ...before, c: 'r' }],
      ['leave', ['a', '*'], without],
    ] as const;
    for (const [method, args, after] of changes) {
      rig.dieMidway('connections');
      const dying = { connections: method, args, times: 1 };
      await (hasOwner ? ownerLost(rig, dying) : threadReplaced(rig, dying));
      expect([before, after]).toContainEqual(await contentsOf(rig));
      await rig.connectionsOn(0).leave('new', '*');
      for (const [id, room] of Object.entries(before)) await rig.connectionsOn(0).register(id, inRoom(room));
      expect(await contentsOf(rig)).toEqual(before);
    }
  });

  it.runIf(hasOwner)('keeps the map when the owner is killed between changes', async () => {
    await using rig = await startRig({
      strategy: strategies.find((one) => one.cells === cells)!,
      threads: 2,
      settings,
    });
    await rig.connectionsOn(0).register('a', inRoom('r'));
    const replaced = rig.ownerReplaced();
    await rig.killOwner();
    await replaced;
    expect(await contentsOf(rig)).toEqual({ a: 'r' });
    await rig.connectionsOn(1).register('b', inRoom('r'));
    expect(await contentsOf(rig)).toEqual({ a: 'r', b: 'r' });
  });
});
