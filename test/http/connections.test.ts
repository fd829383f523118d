import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonType } from '../support/hostile/hostile-request.ts';
import { sharing } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

interface Told {
  readonly id: string;
  readonly epoch: number;
  readonly connectedAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
}

describe('connections over HTTP', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ THREADS: '2' });
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000);

  const paths = (name: string) => {
    const base = `${service.url}/v1/${name}`;
    return {
      base,
      at: (id: string) => `${base}/connections/${encodeURIComponent(id)}`,
      put: (id: string, body: unknown) =>
        fetch(`${base}/connections/${encodeURIComponent(id)}`, {
          method: 'PUT',
          headers: jsonType,
          body: JSON.stringify(body),
        }),
    };
  };

  it.for(sharing)('are registered, replaced, seen and taken out: $name', async ({ name }) => {
    const { at, put } = paths(name);
    const details = { room: 'ä/ö', user: '\u{1F600}', meta: { a: [1.5, null], __proto__: null } };
    const first = await put('a/b', details);
    const told = (await first.json()) as Told;
    expect(first.status).toBe(201);
    expect(first.headers.get('etag')).toBe(`"${told.epoch}"`);
    const { epoch, connectedAt, lastSeenAt, expiresAt } = told;
    const times = { connectedAt, lastSeenAt, expiresAt };
    expect(told).toEqual({ id: 'a/b', room: 'ä/ö', user: '\u{1F600}', meta: { a: [1.5, null] }, epoch, ...times });
    expect(Date.parse(expiresAt) - Date.parse(lastSeenAt)).toBe(30_000);
    expect(new Date(connectedAt).toISOString()).toBe(connectedAt);

    const second = await put('a/b', { room: 'r' });
    const replaced = (await second.json()) as Told;
    expect([second.status, replaced]).toMatchObject([200, { room: 'r' }]);
    expect(replaced).not.toHaveProperty('user');
    expect(replaced.epoch).toBeGreaterThan(epoch);
    const found = await fetch(at('a/b'));
    expect([found.status, found.headers.get('etag')]).toEqual([200, `"${replaced.epoch}"`]);
    expect(await found.json()).toMatchObject({ id: 'a/b', room: 'r', epoch: replaced.epoch });

    expect((await fetch(`${at('a/b')}/heartbeat`, { method: 'POST' })).status).toBe(204);
    const late = await fetch(at('a/b'), { method: 'DELETE', headers: { 'if-match': `"${epoch}"` } });
    expect(late.status).toBe(412);
    expect(await late.json()).toMatchObject({ code: 'PRECONDITION_FAILED', outcome: 'not-applied' });
    const weak = { method: 'DELETE', headers: { 'if-match': `W/"${replaced.epoch}"` } };
    expect((await fetch(at('a/b'), weak)).status).toBe(412);
    const meant = { method: 'DELETE', headers: { 'if-match': `"1", "${replaced.epoch}"` } };
    expect((await fetch(at('a/b'), meant)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await fetch(at('a/b'), { method })).status).toBe(404);
    expect((await fetch(`${at('a/b')}/heartbeat`, { method: 'POST' })).status).toBe(404);
  });

  it.for(sharing)('are listed page by page, by room too, and rooms with their sizes: $name', async ({ name }) => {
    const { base, put } = paths(name);
    for (let at = 0; at < 10; at++) await put(`c${at}`, { room: at % 3 === 0 ? 'third' : 'other' });
    for (const [room, size] of [
      [undefined, 10],
      ['third', 4],
    ] as const) {
      const ids: string[] = [];
      let cursor: string | undefined = '0';
      while (cursor !== undefined) {
        const query = new URLSearchParams({ limit: '3', cursor, ...(room === undefined ? {} : { room }) });
        const answer = await fetch(`${base}/connections?${query.toString()}`);
        const page = (await answer.json()) as { room?: string; connections: Told[]; total: number; cursor?: string };
        expect([page.room, page.total]).toEqual([room, size]);
        ids.push(...page.connections.map(({ id }) => id));
        cursor = page.cursor;
      }
      expect(new Set(ids).size).toBe(size);
      expect(ids).toHaveLength(size);
    }
    expect(await (await fetch(`${base}/connections?room=nobody`)).json()).toEqual({
      room: 'nobody',
      connections: [],
      total: 0,
    });
    const { rooms } = (await (await fetch(`${base}/rooms`)).json()) as { rooms: { room: string }[] };
    expect(rooms.toSorted((a, b) => (a.room < b.room ? -1 : 1))).toEqual([
      { room: 'other', connections: 6 },
      { room: 'third', connections: 4 },
    ]);
    const said = await fetch(`${base}/rooms/third/messages`, { method: 'POST', headers: jsonType, body: '{"data":0}' });
    expect([said.status, await said.json()]).toEqual([202, { delivered: 0 }]); // no WebSocket among them
  });

  it('are among the resources that are served', async () => {
    const { strategies } = (await (await fetch(`${service.url}/v1`)).json()) as {
      strategies: { resources: string[] }[];
    };
    for (const { resources } of strategies) expect(resources).toContain('connections');
  });
});
