import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkProblem } from '../support/hostile-requests.ts';
import { httpRequest, jsonType, rawRequest } from '../support/hostile/hostile-request.ts';
import { exchangeRaw } from '../support/raw-http.ts';
import { anyStrategy, sharing } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';
import { SocketClient } from '../support/socket-client.ts';
import { CROWD, crowd, idsIn, listing, until } from '../support/socket-crowd.ts';

const handshake = (path: string, headers: Record<string, string | undefined> = {}) => {
  const all = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  };
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return httpRequest({ path, headers: Object.fromEntries(given) });
};

describe('WebSockets', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ THREADS: '2', ALLOWED_ORIGINS: 'https://friend.example' });
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000);

  const base = (name = anyStrategy.name) => `${service.url}/v1/${name}`;

  it.for(sharing)('reach everybody in the room, on whichever thread, in the order sent: $name', async ({ name }) => {
    const members = await crowd(base(name), 'all');
    using outsider = await SocketClient.open(base(name), { room: 'elsewhere' });
    expect((await listing(base(name), 'all')).total).toBe(CROWD);
    const { rooms } = (await (await fetch(`${base(name)}/rooms`)).json()) as { rooms: unknown[] };
    expect(rooms).toContainEqual({ room: 'all', connections: CROWD });

    for (let number = 0; number < 20; number++) for (const member of members) member.say({ number });
    for (const member of members) {
      const received = await member.messages(CROWD * 20);
      for (let at = 0; at < CROWD; at++) {
        const from = `all-${at}`;
        const numbers = received.filter((message) => message.from === from).map(({ data }) => data);
        expect(numbers).toEqual(Array.from({ length: 20 }, (_, number) => ({ number })));
      }
    }
    for (let time = 0; time < 8; time++) {
      const said = { method: 'POST', headers: jsonType, body: '{"data":"over HTTP"}' };
      const answer = await fetch(`${base(name)}/rooms/all/messages`, said);
      expect([answer.status, await answer.json()]).toEqual([202, { delivered: CROWD }]);
    }
    const last = (await members[0]!.messages(CROWD * 20 + 8)).at(-1);
    expect(last).toEqual({ type: 'message', room: 'all', data: 'over HTTP' });
    expect(outsider.received).toEqual([]);

    expect(await Promise.all(members.map((member) => member.leave()))).toEqual(members.map(() => 1005));
    await until(async () => (await listing(base(name), 'all')).total === 0);
    expect(members.map(({ received }) => received.length)).toEqual(members.map(() => CROWD * 20 + 8));
  });

  it.for(sharing)('are closed when their id is registered anew, or deleted: $name', async ({ name }) => {
    for (let time = 0; time < 6; time++) {
      using older = await SocketClient.open(base(name), { room: 'x', id: 'same' });
      using newer = await SocketClient.open(base(name), { room: 'y', id: 'same' });
      expect(await older.closed).toBe(4409);
      expect(await idsIn(base(name), 'y')).toEqual(['same']); // the late leave of the older did nothing
      expect(await idsIn(base(name), 'x')).toEqual([]);
      const registration = { method: 'PUT', headers: jsonType, body: '{"room":"z"}' };
      const again = await fetch(`${base(name)}/connections/same`, time % 2 === 0 ? { method: 'DELETE' } : registration);
      expect(again.status).toBe(time % 2 === 0 ? 204 : 200);
      expect(await newer.closed).toBe(4409);
      expect(await idsIn(base(name), 'z')).toEqual(time % 2 === 0 ? [] : ['same']);
    }
  });

  const refused: [name: string, headers: Record<string, string | undefined>, query: string, status: number][] = [
    ['without an upgrade', { upgrade: undefined, connection: undefined }, '?room=r', 426],
    ['without "Connection: Upgrade"', { connection: undefined }, '?room=r', 426],
    ['to another protocol', { upgrade: 'h2c' }, '?room=r', 426],
    ['without a key', { 'sec-websocket-key': undefined }, '?room=r', 400],
    ['with a short key', { 'sec-websocket-key': 'AAAA' }, '?room=r', 400],
    ['without a version', { 'sec-websocket-version': undefined }, '?room=r', 400],
    ['of another version', { 'sec-websocket-version': '8' }, '?room=r', 400],
    ['with a malformed protocol', { 'sec-websocket-protocol': 'a,,b' }, '?room=r', 400],
    ['with a protocol twice', { 'sec-websocket-protocol': 'a, a' }, '?room=r', 400],
    ['without a room', {}, '', 400],
    ['with an empty room', {}, '?room=', 400],
    ['with two rooms', {}, '?room=r&room=r', 400],
    ['with the room ..', {}, '?room=..', 400],
    ['with a control character', {}, '?room=%00', 400],
    ['with half a surrogate pair', {}, '?room=%ED%A0%80', 400],
    ['with a long room', {}, `?room=${'r'.repeat(129)}`, 400],
    ['with an empty id', {}, '?room=r&id=', 400],
    ['with the id .', {}, '?room=r&id=.', 400],
    ['with a long id', {}, `?room=r&id=${'i'.repeat(129)}`, 400],
    ['of a foreign page', { origin: 'https://evil.example' }, '?room=r', 403],
    ['of a page without an origin', { origin: 'null' }, '?room=r', 403],
    ['of a page whose origin is no URL', { origin: 'friend.example' }, '?room=r', 403],
    ['of a page on another port', { origin: 'http://127.0.0.1:1' }, '?room=r', 403],
    ['with two hosts', { host: 'a, b' }, '?room=r', 400],
    ['with an empty host', { host: '' }, '?room=r', 400],
  ];
  it.for(refused)('are refused %s', async ([, headers, query, status]) => {
    const bytes = handshake(`/v1/${anyStrategy.name}/ws${query}`, headers);
    const { responses, leftover } = await exchangeRaw(service.url, bytes);
    expect([responses[0]?.status, leftover]).toEqual([status, '']);
    checkProblem(responses[0]!, false);
    expect(responses[0]!.headers.get('upgrade')).toBe(status === 426 ? 'websocket' : undefined);
    expect((await listing(base(), 'r')).total).toBe(0);
  });

  it('are not asked for by another method, and not served elsewhere', async () => {
    const bytes = rawRequest([
      `POST /v1/${anyStrategy.name}/ws?room=r HTTP/1.1`,
      'host: 127.0.0.1',
      'connection: Upgrade',
      'upgrade: websocket',
      'content-length: 0',
    ]);
    const [answer] = (await exchangeRaw(service.url, bytes)).responses;
    expect([answer!.status, answer!.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const elsewhere = await exchangeRaw(service.url, handshake('/v1/nonsense/ws?room=r'));
    expect(elsewhere.responses[0]!.status).toBe(404);
  });

  it('may be opened by pages of the service itself, and of friends', async () => {
    for (const origin of [service.url, 'https://friend.example']) {
      using client = await SocketClient.open(base(), { room: 'pages', origin });
      expect(await client.leave()).toBe(1005);
    }
  });

  it('take a frame that comes together with the handshake', async () => {
    using listener = await SocketClient.open(base(), { room: 'early' });
    const { hostname, port } = new URL(service.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const frame = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x37]); // a masked text frame: 7
    socket.write(Buffer.concat([handshake(`/v1/${anyStrategy.name}/ws?room=early&id=hasty`), frame]));
    expect(await listener.messages(1)).toEqual([{ type: 'message', room: 'early', from: 'hasty', data: 7 }]);
    socket.destroy();
  });

  it('leave nothing behind when the client is gone before they are open', async () => {
    const { hostname, port } = new URL(service.url);
    for (let time = 0; time < 50; time++) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {});
      socket.write(handshake(`/v1/${anyStrategy.name}/ws?room=hasty`), () => {
        if (time % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      });
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await until(async () => (await listing(base(), 'hasty')).total === 0);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200); // and no thread died of it
  });

  const violations: [name: string, act: (client: SocketClient) => void, code: number][] = [
    ['a frame that is too large', ({ socket }) => socket.send(JSON.stringify('x'.repeat(16 * 1024))), 1009],
    ['a binary frame', ({ socket }) => socket.send(Buffer.from('1')), 1003],
    ['what is not JSON', ({ socket }) => socket.send('{'), 1007],
    ['nothing', ({ socket }) => socket.send(''), 1007],
    ['what is not UTF-8', ({ socket }) => socket.send(Buffer.from([0xff]), { binary: false }), 1007],
    ['a flood', (client) => Array.from({ length: 2_000 }, (_, at) => client.say(at)), 1008],
  ];
  it.for(violations)('are closed for %s, and others stay', async ([, act, code]) => {
    using other = await SocketClient.open(base(), { room: 'rules', id: 'other' });
    using client = await SocketClient.open(base(), { room: 'rules', id: 'violator' });
    client.say('before');
    await other.messages(1);
    act(client);
    expect(await client.closed).toBe(code);
    await until(async () => (await listing(base(), 'rules')).total === 1);
    other.say('after');
    const count = other.received.length + 1;
    await other.messages(count);
    expect(other.received.map(({ data }) => data)).toContain('before');
  });
});

it('a refusal ends the connection', async () => {
  await using service = await startServiceUnderTest({ THREADS: '1' });
  const { hostname, port } = new URL(service.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(handshake(`/v1/${anyStrategy.name}/ws`));
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*connection: close\r\n/);
});
