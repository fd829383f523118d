/** A page costs its own length, however many there are, and a total costs nothing: so to go through all by pages is linear. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { unhurried } from '../../src/resources/call.ts';
import type { Connections } from '../../src/resources/connections.ts';
import type { Counters } from '../../src/resources/counters.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { attached, visited } from '../support/attached.ts';

const MANY = 2_000;
const FEW = 10;
/** Looks that a page of `FEW` may take: some at each record, and at each shard. */
const LOOKS = 300;

const settings = readSettings({ SHARDS: '16' });
const call = unhurried;

afterEach(() => void vi.restoreAllMocks());

/** How much of the state one page takes a look at. */
async function looksOf(
  page: (cursor: number) => Promise<{ cursor: number | undefined }>,
  from: number,
): Promise<number> {
  await page(0); // finds out when connections expire
  const looks = visited();
  await page(from);
  const count = looks();
  vi.restoreAllMocks();
  return count;
}

const withListings = strategies.filter(
  ({ name, kind, needs }) => kind !== 'control' && name !== 'atomic' && needs === undefined,
);

describe.each(withListings)('$name', (strategy) => {
  it('looks at as many counters as a page has', async () => {
    const counters = (await attached(strategy, 'counters', settings)) as Counters;
    for (let at = 0; at < MANY; at++) await counters.increment(`key-${at}`, 1, call);
    const page = async (cursor: number) => {
      const found = await counters.list({ limit: FEW, cursor }, call);
      expect(found.total).toBe(MANY);
      return found;
    };
    for (const from of [0, MANY / 2]) expect(await looksOf(page, from)).toBeLessThan(LOOKS);
  });

  it('passes over counters that have left', async () => {
    const counters = (await attached(strategy, 'counters', settings)) as Counters;
    for (let at = 0; at < MANY; at++) await counters.increment(`key-${at}`, 1, call);
    for (let at = 1; at < MANY - 1; at++) await counters.delete(`key-${at}`, call);
    const page = async (cursor: number) => {
      const found = await counters.list({ limit: FEW, cursor }, call);
      expect(found.total).toBe(2);
      return found;
    };
    expect(await looksOf(page, 0)).toBeLessThan(LOOKS);
  });

  it.each(['r', undefined])('looks at as many connections as a page has, of room %s', async (room) => {
    const connections = (await attached(strategy, 'connections', settings)) as Connections;
    for (let at = 0; at < MANY; at++) {
      await connections.register(`id-${at}`, { room: 'r', details: '"room":"r"', holder: undefined }, call);
    }
    const page = async (cursor: number) => {
      const found = await connections.list({ room, limit: FEW, cursor }, call);
      expect(found).toMatchObject({ total: MANY, connections: { length: FEW } });
      return found;
    };
    for (const from of [0, MANY / 2]) expect(await looksOf(page, from)).toBeLessThan(LOOKS);
  });

  it('looks at no connection for the sizes of rooms', async () => {
    const connections = (await attached(strategy, 'connections', settings)) as Connections;
    for (let at = 0; at < MANY; at++) {
      await connections.register(`id-${at}`, { room: 'r', details: '"room":"r"', holder: undefined }, call);
    }
    const rooms = async () => {
      expect(await connections.rooms(call)).toEqual([{ room: 'r', connections: MANY }]);
      return { cursor: undefined };
    };
    expect(await looksOf(rooms, 0)).toBeLessThan(LOOKS);
  });

  it('goes through all by pages, each in the order that the one before left off', async () => {
    const connections = (await attached(strategy, 'connections', settings)) as Connections;
    for (let at = 0; at < 100; at++) {
      const room = at % 3 === 0 ? 'a' : 'b';
      await connections.register(`id-${at}`, { room, details: `"room":"${room}"`, holder: undefined }, call);
    }
    for (let at = 0; at < 100; at += 7) await connections.leave(`id-${at}`, '*', call);
    for (const room of ['a', 'b', undefined]) {
      const found: string[] = [];
      for (let cursor: number | undefined = 0; cursor !== undefined;) {
        const page: Awaited<ReturnType<Connections['list']>> = await connections.list({ room, limit: 9, cursor }, call);
        found.push(...page.connections.map(({ id }) => id));
        ({ cursor } = page);
      }
      const expected = Array.from({ length: 100 }, (_, at) => at)
        .filter((at) => at % 7 !== 0 && (room === undefined || (at % 3 === 0) === (room === 'a')))
        .map((at) => `id-${at}`);
      expect(found.toSorted()).toEqual(expected.toSorted());
    }
  });
});
