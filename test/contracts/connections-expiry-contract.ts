/** What time does to connections; part of the connection map's contract. */
import { expect } from 'vitest';
import { eventually, everywhere, inRoom, last, listed, SHORT } from './connections-contract-helpers.ts';
import type { ContractCase } from './counters-contract.ts';

export const expiryContract: readonly ContractCase[] = [
  {
    name: 'answers nothing of who was not heard from in time, before any sweep',
    settings: SHORT,
    async run(rig) {
      const { connection } = await rig.connectionsOn(0).register('a', inRoom('x'));
      await eventually(async () => (await last(rig).find('a')) === undefined);
      expect(Date.now()).toBeGreaterThanOrEqual(connection.lastSeenAtMs + 150);
      expect(await last(rig).heartbeat('a', undefined)).toBe(false);
      expect(await rig.connectionsOn(0).leave('a', '*')).toBeUndefined();
      expect(await listed(last(rig))).toMatchObject({ ids: [], totals: [0] });
      expect(await listed(last(rig), 'x')).toMatchObject({ ids: [], totals: [0] });
      expect(await rig.connectionsOn(0).rooms()).toEqual([]);
      const again = await last(rig).register('a', inRoom('y'));
      expect(again.replaced).toBeUndefined();
      expect(again.connection.epoch).toBeGreaterThan(connection.epoch);
      await eventually(async () => {
        const { connection: fresh } = await last(rig).register('a', inRoom('y'));
        const rooms = await rig.connectionsOn(0).rooms();
        if (Date.now() - fresh.lastSeenAtMs >= 150) return false; // it may be gone already
        expect(rooms).toEqual([{ room: 'y', connections: 1 }]);
        return true;
      });
    },
  },
  {
    name: 'brings back nobody who is gone, whatever all threads do at once and however the wall clock is set',
    settings: { CONNECTION_TTL_MS: '100000' },
    async run(rig) {
      const { connection } = await rig.connectionsOn(0).register('a', inRoom('x'));
      rig.setWall(131_000);
      const asked = { times: 5, concurrency: 5 };
      const [found] = (await last(rig).list({ room: 'x', limit: 10, cursor: 0 })).connections;
      expect(found).toMatchObject({ id: 'a', epoch: connection.epoch });
      rig.setWall(-3_600_000);
      rig.pass(100_000);
      for (const connections of ['heartbeat', 'find', 'heartbeat'] as const) {
        const answers = await rig.onEachThread({
          connections,
          args: ['a', ...(connections === 'find' ? [] : [undefined])],
          ...asked,
        });
        expect(answers.flat().filter(Boolean)).toEqual([]);
      }
      const { connection: fresh } = await last(rig).register('a', inRoom('y'));
      expect(fresh.epoch).toBeGreaterThan(connection.epoch);
      for (const connections of everywhere(rig)) {
        expect(await connections.find('a')).toMatchObject({ epoch: fresh.epoch, room: 'y' });
        expect(await connections.heartbeat('a', connection.epoch)).toBe(false);
      }
      expect(await rig.connectionsOn(0).rooms()).toEqual([{ room: 'y', connections: 1 }]);
    },
  },
  {
    name: 'keeps who is heard from, on whichever thread, and sweeps nobody early',
    settings: { CONNECTION_TTL_MS: '400' },
    async run(rig) {
      const { connection } = await rig.connectionsOn(0).register('a', inRoom('x'));
      let provenMs = 0; // lived on by heartbeats alone
      for (let at = 0; provenMs < 900; at++) {
        const askedMs = Date.now();
        const wasThere = await rig.connectionsOn(at % rig.threads).heartbeat('a', connection.epoch);
        await last(rig).sweep(100, 0);
        const seen = await last(rig).find('a');
        if (Date.now() - askedMs < 400 && wasThere) {
          expect(seen).toMatchObject({ epoch: connection.epoch, connectedAtMs: connection.connectedAtMs });
          provenMs = seen!.lastSeenAtMs - connection.connectedAtMs;
        } else if (!wasThere) return; // the machine stood still for longer than the time to live
      }
      expect(await rig.connectionsOn(0).heartbeat('a', connection.epoch + 1)).toBe(false);
      expect(await rig.connectionsOn(0).heartbeat('nobody', undefined)).toBe(false);
    },
  },
  {
    name: 'refuses what does not fit and changes nothing; who is gone makes room without a sweep, and with one',
    settings: { ...SHORT, CONNECTIONS_CAPACITY: '8' },
    async run(rig) {
      const isEmpty = async (): Promise<boolean> => (await listed(rig.connectionsOn(0))).ids.length === 0;
      await eventually(async () => {
        await eventually(isEmpty);
        const sinceMs = Date.now();
        for (let at = 0; at < 8; at++) await rig.connectionsOn(at % rig.threads).register(`c${at}`, inRoom('x'));
        const refused = await last(rig)
          .register('one more', inRoom('y'))
          .then(
            () => undefined,
            (error: unknown) => error,
          );
        const ids = Array.from({ length: 8 }, (_, at) => `c${at}`);
        const page = await listed(rig.connectionsOn(0));
        if (Date.now() - sinceMs >= 150) return false; // some may be gone already
        expect(refused).toMatchObject({ code: 'CAPACITY', outcome: 'not-applied' });
        expect(page.ids).toEqual(ids);
        return true;
      });
      await eventually(isEmpty);
      await last(rig).register('one more', inRoom('y'));
      await eventually(isEmpty);
      let swept = 0;
      let cursor = 0;
      do {
        const batch = await last(rig).sweep(3, cursor);
        swept += batch.swept;
        ({ cursor } = batch);
      } while (cursor !== 0);
      expect(swept).toBeGreaterThan(0);
      expect(await last(rig).sweep(100, 0)).toEqual({ cursor: 0, swept: 0 });
    },
  },
];
