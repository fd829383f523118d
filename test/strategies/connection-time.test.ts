/** What time and a full memory do to connections, under every strategy: clocks that are stepped, changes that fail. */
import { describe, expect, it } from 'vitest';
import { CapacityError } from '../../src/errors.ts';
import { unhurried } from '../../src/resources/call.ts';
import { steppedConnections, type SteppedConnections, withConnections } from '../support/stepped-strategy.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const inRoom = (room: string, meta = '') => ({
  room,
  details: `"room":${JSON.stringify(room)},"meta":{"m":"${meta}"}`,
  holder: undefined,
});

/** Sweeps once through the map. @returns how many were taken out */
async function sweepAll({ map }: SteppedConnections): Promise<number> {
  let [cursor, swept] = [0, 0];
  do {
    const batch = await map.sweep(3, cursor, unhurried);
    swept += batch.swept;
    ({ cursor } = batch);
  } while (cursor !== 0);
  return swept;
}

const isGuarded = ({ name }: { name: string }): boolean => name !== 'unguarded';

describe.for(withConnections)('connections and time / $name', ({ name }) => {
  it('live and die by the time that passes, however the wall clock is set', async () => {
    using stepped = await steppedConnections(name, { CONNECTION_TTL_MS: '100000' });
    const { map } = stepped;
    const { connection } = await map.register('a', inRoom('x'), unhurried);
    for (const byMs of [131_000, -HOUR_MS, 13 * DAY_MS]) {
      stepped.setWall(byMs);
      expect(await map.find('a', unhurried)).toMatchObject({ id: 'a', epoch: connection.epoch });
    }
    stepped.pass(60_000);
    expect(await map.heartbeat('a', undefined, unhurried)).toBe(true);
    stepped.setWall(-20 * DAY_MS);
    stepped.pass(100_000);
    expect(await map.find('a', unhurried)).toBeUndefined();
    for (const days of [13, 12, 24, 50]) {
      stepped.pass(days * DAY_MS);
      expect(await map.find('a', unhurried)).toBeUndefined();
      expect(await map.heartbeat('a', undefined, unhurried)).toBe(false);
    }
  });

  it('tell times by the wall clock as it is set now, which agree with each other', async () => {
    using stepped = await steppedConnections(name, { CONNECTION_TTL_MS: '60000' });
    const { map } = stepped;
    const { connection } = await map.register('a', inRoom('x'), unhurried);
    expect(connection.lastSeenAtMs).toBe(connection.connectedAtMs);
    stepped.setWall(-HOUR_MS);
    const seen = (await map.find('a', unhurried))!;
    expect(seen.connectedAtMs).toBe(seen.lastSeenAtMs);
    expect(seen.expiresAtMs - seen.lastSeenAtMs).toBe(60_000);
    expect(Math.abs(seen.lastSeenAtMs - connection.lastSeenAtMs + HOUR_MS)).toBeLessThan(30_000);
    expect(await map.find('a', unhurried)).toEqual(seen);
  });

  it('are not served again with their old details by who registers anew and fails', async () => {
    using stepped = await steppedConnections(name, { CONNECTION_TTL_MS: '100000' });
    const { map } = stepped;
    await map.register('a', inRoom('old'), unhurried);
    stepped.pass(100_000);
    stepped.midway(() => {
      throw new Error('half-way');
    });
    await expect((async () => map.register('a', inRoom('new'), unhurried))()).rejects.toThrow('half-way');
    stepped.midway(() => {});
    expect(await map.find('a', unhurried)).toBeUndefined();
    expect(await map.rooms(unhurried)).toEqual([]);
    expect(await map.list({ room: undefined, limit: 10, cursor: 0 }, unhurried)).toMatchObject({ total: 0 });
  });

  it('are all taken out by the sweep but the one whose change fails, and the origin is told', async () => {
    using stepped = await steppedConnections(name, { CONNECTION_TTL_MS: '100000', WRITE_THROUGH: 'on' });
    const { map, writes } = stepped;
    const ids = Array.from({ length: 12 }, (_, at) => `c${at}`);
    for (const id of ids) await map.register(id, inRoom('x'), unhurried);
    stepped.pass(100_000);
    if (name !== 'single-thread') {
      let changes = 0;
      stepped.midway(() => {
        changes += 1;
        if (changes === 2) throw new Error('half-way');
      });
    }
    expect(await sweepAll(stepped)).toBeGreaterThanOrEqual(ids.length - 1);
    stepped.midway(() => {});
    await sweepAll(stepped);
    if (name === 'unguarded') return; // it tells the origin of nothing
    const told = writes.flatMap(({ key, value }) => (value === undefined ? [key] : []));
    expect(new Set(told)).toEqual(new Set(ids));
    expect(await sweepAll(stepped)).toBe(0);
  });

  it('renew their leases where memory is full, and those that are gone leave all the same', async () => {
    const environment = { CONNECTION_TTL_MS: '100000', WRITE_THROUGH: 'on', CONNECTIONS_MEMORY_MB: '1' };
    using stepped = await steppedConnections(name, environment);
    const { map, writes } = stepped;
    const ids: string[] = [];
    const meta = 'm'.repeat(900);
    const fill = async (): Promise<void> => {
      const most = name === 'single-thread' ? 20 : 5_000; // which has no memory of its own to fill
      for (; ids.length < most; ids.push(`c${ids.length}`))
        await map.register(`c${ids.length}`, inRoom('x', meta), unhurried);
      throw new CapacityError('connections', most);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'CAPACITY' });
    expect(ids.length).toBeLessThan(5_000);
    const [silent, alive] = [ids.filter((_, at) => at % 2 === 0), ids.filter((_, at) => at % 2 === 1)];
    stepped.pass(60_000);
    for (const id of alive) expect(await map.heartbeat(id, undefined, unhurried)).toBe(true);
    stepped.pass(50_000);
    writes.length = 0;
    expect(await sweepAll(stepped)).toBe(silent.length);
    if (name === 'unguarded') return;
    const told = new Map(writes.map(({ key, value }) => [key, value]));
    expect(silent.every((id) => told.has(id) && told.get(id) === undefined)).toBe(true);
    expect(alive.filter((id) => typeof told.get(id) !== 'string')).toEqual([]);
  });

  it('get epochs greater than those the origin has, though the clock was set back before the start', async () => {
    if (!isGuarded({ name })) return; // takes over nothing
    using before = await steppedConnections(name, { WRITE_THROUGH: 'on' }, 9_000_000);
    const { connection: old } = await before.map.register('a', inRoom('x'), unhurried);
    using after = await steppedConnections(name, { WRITE_THROUGH: 'on' }, 1_000);
    for (const { key, value, version } of before.writes) after.map.restore!(key, { value, version });
    expect(await after.map.find('a', unhurried)).toMatchObject({ epoch: old.epoch });
    const { connection: fresh } = await after.map.register('a', inRoom('x'), unhurried);
    expect(fresh.epoch).toBeGreaterThan(old.epoch);
  });
});

describe.for(withConnections)('a full map / $name', ({ name }) => {
  it('makes room for a newcomer wherever one is gone, and refuses at once while none is', async () => {
    using stepped = await steppedConnections(name, { CONNECTION_TTL_MS: '100000', CONNECTIONS_CAPACITY: '1300' });
    const { map } = stepped;
    const capacity = 1_300;
    for (let at = 0; at < capacity; at++) await map.register(`c${at}`, inRoom('x'), unhurried);
    stepped.pass(40_000);
    for (let at = 0; at < capacity; at++) if (at !== 1_111) await map.heartbeat(`c${at}`, undefined, unhurried);
    await expect((async () => map.register('new', inRoom('x'), unhurried))()).rejects.toMatchObject({
      code: 'CAPACITY',
    });
    stepped.pass(60_000);
    await map.register('new', inRoom('x'), unhurried);
    expect(await map.find('c1111', unhurried)).toBeUndefined();
    await expect((async () => map.register('newer', inRoom('x'), unhurried))()).rejects.toMatchObject({
      code: 'CAPACITY',
    });
    stepped.pass(40_000);
    await map.register('newer', inRoom('x'), unhurried);
  });
});
