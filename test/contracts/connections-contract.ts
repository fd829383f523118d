/** What the connection map promises, case by case; run for every strategy, across real threads. */
import { expect } from 'vitest';
import type { Connection } from '../../src/resources/connections.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { everywhere, inRoom, last, listed } from './connections-contract-helpers.ts';
import { expiryContract } from './connections-expiry-contract.ts';
import type { ContractCase } from './counters-contract.ts';

export const connectionsContract: readonly ContractCase[] = [
  ...expiryContract,
  {
    name: 'shows every thread what was registered last, under an epoch that only grows',
    async run(rig) {
      let epoch = 0;
      for (let round = 0; round < 20; round++) {
        const { connection, replaced } = await rig
          .connectionsOn(round % rig.threads)
          .register('a', inRoom(`r${round}`));
        expect(replaced).toEqual(round === 0 ? undefined : { holder: undefined });
        expect(connection).toMatchObject({ id: 'a', room: `r${round}`, details: `"room":"r${round}"` });
        expect(connection.epoch).toBeGreaterThan(epoch);
        expect(connection.expiresAtMs - connection.lastSeenAtMs).toBe(30_000);
        ({ epoch } = connection);
        for (const connections of everywhere(rig)) {
          expect(await connections.find('a')).toMatchObject({ room: `r${round}`, epoch });
        }
      }
    },
  },
  {
    name: 'takes out the registration that was meant, and no later one',
    async run(rig) {
      const [here, there] = [rig.connectionsOn(0), last(rig)];
      expect(await there.leave('a', '*')).toBeUndefined();
      const first = await here.register('a', inRoom('x'));
      const second = await there.register('a', inRoom('y'));
      const late = here.leave('a', [first.connection.epoch]);
      await expect(late).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', version: second.connection.epoch });
      expect(await here.find('a')).toMatchObject({ room: 'y' });
      expect(await there.leave('a', [second.connection.epoch])).toEqual({ holder: undefined });
      expect(await here.find('a')).toBeUndefined();
      const third = await here.register('a', inRoom('z'));
      expect(third.replaced).toBeUndefined();
      expect(third.connection.epoch).toBeGreaterThan(second.connection.epoch);
    },
  },
  {
    name: 'lets each of many that register the same id replace exactly one other',
    async run(rig) {
      for (let round = 0; round < 10; round++) {
        const id = `raced-${round}`;
        const work = { connections: 'register', args: [id, inRoom('x')], times: 10, concurrency: 10 } as const;
        const all = (await rig.onEachThread(work)).flat() as { connection: Connection; replaced: unknown }[];
        expect(all.filter(({ replaced }) => replaced === undefined)).toHaveLength(1);
        const epochs = all.map(({ connection }) => connection.epoch);
        expect(new Set(epochs).size).toBe(all.length);
        expect(await rig.connectionsOn(0).find(id)).toMatchObject({ epoch: Math.max(...epochs) });
      }
    },
  },
  {
    name: 'agrees with itself: totals, rooms and entries, however much moved before',
    async run(rig) {
      const roomOf = new Map<string, string>();
      const steps = Array.from({ length: 300 }, (_, at) => ({ id: `c${(at * 7) % 60}`, room: `r${(at * 5) % 7}`, at }));
      for (const { id, room, at } of steps) {
        const connections = rig.connectionsOn(at % rig.threads);
        if (at % 4 === 3) {
          await connections.leave(id, '*');
          roomOf.delete(id);
        } else {
          await connections.register(id, inRoom(room));
          roomOf.set(id, room);
        }
      }
      const sizes = Object.fromEntries((await last(rig).rooms()).map(({ room, connections }) => [room, connections]));
      const all = await listed(rig.connectionsOn(0), undefined, 7);
      expect(all.ids).toEqual(Array.from(roomOf.keys()).toSorted());
      expect(new Set(all.totals)).toEqual(new Set([roomOf.size]));
      for (let room = 0; room < 8; room++) {
        const members = Array.from(roomOf).flatMap(([id, name]) => (name === `r${room}` ? [id] : []));
        const page = await listed(last(rig), `r${room}`, 3);
        expect(page.ids).toEqual(members.toSorted());
        expect(sizes[`r${room}`] ?? 0).toBe(members.length);
        expect(new Set(page.totals)).toEqual(new Set([members.length]));
      }
    },
  },
  {
    name: 'lists what is there all along exactly once, while others come, move and go',
    async run(rig) {
      const staying = Array.from({ length: 80 }, (_, at) => `stays-${at}`);
      for (const [at, id] of staying.entries()) {
        await rig.connectionsOn(0).register(id, inRoom('room'));
        await last(rig).register(`goes-${at}`, inRoom('room'));
      }
      for (let round = 0; round < 4; round++) {
        const over = new AbortController();
        const churn = async (): Promise<void> => {
          for (let at = 0; !over.signal.aborted; at = (at + 1) % 80) {
            await last(rig).leave(`goes-${at}`, '*');
            await last(rig).register(`stays-${at}`, inRoom('room'));
            await last(rig).register(`comes-${round}-${at}`, inRoom(at % 2 === 0 ? 'room' : 'other'));
          }
        };
        const churning = churn();
        const pages = await listed(rig.connectionsOn(0), round % 2 === 0 ? 'room' : undefined, 9);
        over.abort();
        await churning;
        expect(pages.ids.filter((id) => id.startsWith('stays-'))).toEqual(staying.toSorted());
      }
    },
  },
  {
    name: 'lets go of the connections of a thread that died, at once',
    needs: 'other threads',
    async run(rig) {
      const holder = ThreadTable.slot(rig.threads - 1, 0);
      await last(rig).register('its', inRoom('x', holder));
      await last(rig).register('own', inRoom('x'));
      expect((await listed(rig.connectionsOn(0), 'x')).ids).toEqual(['its', 'own']);
      await rig.kill(rig.threads - 1);
      expect((await listed(rig.connectionsOn(0), 'x')).ids).toEqual(['own']);
      expect(await last(rig).find('its')).toBeUndefined();
      expect(await last(rig).rooms()).toEqual([{ room: 'x', connections: 1 }]);
    },
  },
  {
    name: 'acknowledges what the origin has: registrations and departures',
    settings: { WRITE_THROUGH: 'on' },
    async run(rig) {
      await rig.connectionsOn(0).register('kept', inRoom('x'));
      const kept = rig.origin.newest('kept');
      expect(JSON.parse(String(kept?.value))).toMatchObject({ details: '"room":"x"' });
      await last(rig).leave('kept', '*');
      expect(rig.origin.newest('kept')).toMatchObject({ value: undefined });
      expect(rig.origin.newest('kept')!.version).toBeGreaterThan(kept!.version);
    },
  },
  {
    name: 'keeps ids and rooms apart, whatever they are',
    async run(rig) {
      const names = ['__proto__', 'a', 'a ', 'ä', '"', '\u{1F600}', 'x'.repeat(33), 'x'.repeat(128), 'toString'];
      for (const [at, name] of names.entries()) await rig.connectionsOn(at % rig.threads).register(name, inRoom(name));
      for (const name of names) {
        expect(await last(rig).find(name)).toMatchObject({ id: name, room: name });
        expect((await listed(last(rig), name)).ids).toEqual([name]);
      }
      expect(new Set((await last(rig).rooms()).map(({ room }) => room))).toEqual(new Set(names));
    },
  },
];
