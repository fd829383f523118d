/** Connections and the bodies that come in on them are bounded, and the bounds say so. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES } from '../../src/http/body-memory.ts';
import { REFUSING } from '../../src/http/open-sockets.ts';
import { connectionLimit } from '../../src/threads/connection-limit.ts';
import { exchangeRaw } from '../support/raw-http.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../support/service.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const COUNTER = `/v1/${anyStrategy.name}/counters/bound`;
const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n';
const one = { THREADS: '1', STRATEGIES: anyStrategy.name };

async function open({ url }: ServiceUnderTest): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A connection that has been answered once and is kept. */
async function openIdle(service: ServiceUnderTest): Promise<Socket> {
  const socket = await open(service);
  socket.write(HEALTH);
  await once(socket, 'data');
  return socket;
}

/** A connection whose request is begun: the head, and `sent` of its body. */
async function openHalf(service: ServiceUnderTest, sent: string, length = MAX_BODY_BYTES): Promise<Socket> {
  const socket = await open(service);
  const head = `POST ${COUNTER}/increment HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;
  socket.write(`${head}expect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`);
  await once(socket, 'data'); // it is read
  socket.write(sent);
  return socket;
}

async function metric({ url }: ServiceUnderTest, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  return Number(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'm').exec(text)?.[1]);
}

describe('connections', () => {
  it('that are idle make room for new ones when all are taken', async () => {
    await using service = await startServiceUnderTest({ ...one, MAX_CONNECTIONS: '8' });
    const idle: Socket[] = [];
    for (let at = 0; at < 8; at++) idle.push(await openIdle(service));
    const closed = once(idle[0]!, 'close'); // the one that was idle for longest
    const fresh = await openIdle(service);
    await closed;
    const others = [...idle.slice(1), fresh];
    for (const socket of others) {
      socket.write(HEALTH);
      expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
    }
    expect(await metric(service, 'http_connections_evicted_total')).toBeGreaterThanOrEqual(1);
    expect(service.output()).toContain('as many connections are open as may be');
    for (const socket of others) socket.destroy();
  });

  it('are refused when none is idle, and taken again once one is', async () => {
    await using service = await startServiceUnderTest({ ...one, MAX_CONNECTIONS: '4' });
    const busy = await Promise.all(Array.from({ length: 4 }, () => openHalf(service, '{')));
    const { responses, closed } = await exchangeRaw(service.url, Buffer.from(HEALTH), { untilClosed: true });
    expect(responses.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([[503, '1']]);
    expect(JSON.parse(responses[0]!.body)).toMatchObject({ code: 'OVERLOADED' });
    expect(closed).toBe(true);
    // Beyond those that are told, they are closed.
    const silent = await Promise.all(Array.from({ length: REFUSING * 2 }, () => open(service)));
    await Promise.all(silent.map((socket) => socket.destroyed || once(socket.resume(), 'close')));
    busy[0]!.destroy();
    await expect
      .poll(async () => (await exchangeRaw(service.url, Buffer.from(HEALTH))).responses[0]?.status, { timeout: 20_000 })
      .toBe(200);
    expect(await metric(service, 'http_connections_refused_total')).toBeGreaterThan(REFUSING);
    for (const socket of busy) socket.destroy();
  });

  it('that are WebSockets are no idle ones', async () => {
    await using service = await startServiceUnderTest({ ...one, MAX_CONNECTIONS: '2' });
    const socket = new WebSocket(`${service.url.replace('http', 'ws')}/v1/${anyStrategy.name}/ws?room=a`);
    await once(socket, 'open');
    for (let at = 0; at < 10; at++) await openIdle(service);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
  });

  it('leave room for what the process needs within its limit of open files', async () => {
    expect(connectionLimit({ MAX_CONNECTIONS: undefined, THREADS: 2 }, 256)).toEqual({ perThread: 52, isCut: false });
    expect(connectionLimit({ MAX_CONNECTIONS: 1_000, THREADS: 2 }, 256)).toEqual({ perThread: 52, isCut: true });
    expect(connectionLimit({ MAX_CONNECTIONS: 50, THREADS: 2 }, 256)).toEqual({ perThread: 50, isCut: false });
    expect(connectionLimit({ MAX_CONNECTIONS: undefined, THREADS: 2 }, Infinity).perThread).toBe(10_000);
  });

  it.skipIf(process.platform === 'win32')('that idle, more than files may be open, hang nobody', async () => {
    const entry = { command: 'sh', args: ['-c', `ulimit -n 256; exec "${process.execPath}" "${main}"`] };
    await using service = await startServiceUnderTest({ STRATEGIES: anyStrategy.name, THREADS: '2' }, entry);
    const idle = await Promise.all(Array.from({ length: 400 }, () => open(service)));
    for (const socket of idle) socket.write(HEALTH);
    for (let time = 0; time < 20; time++) {
      const { responses } = await exchangeRaw(service.url, Buffer.from(HEALTH), { timeoutMs: 20_000 });
      expect(responses.map(({ status }) => status)).toEqual([200]);
    }
    for (const socket of idle) socket.destroy();
    expect(await service.stop()).toBe(0);
  });
});

it.skipIf(process.platform === 'win32')(
  'a thread that dies while idle connections take all the files there are is replaced, and its clients are served',
  async () => {
    const entry = { command: 'sh', args: ['-c', `ulimit -n 256; exec "${process.execPath}" "${main}"`] };
    const controls = { CONTROLS: 'on', ADMIN_TOKEN: 'token' };
    await using service = await startServiceUnderTest(
      { STRATEGIES: anyStrategy.name, THREADS: '2', ...controls },
      entry,
    );
    const base = `/v1/${anyStrategy.name}`;
    const increment = `POST ${base}/counters/a/increment HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
    const fault = '{"kind":"exit-holding"}';
    const inject = [
      `POST ${base}/faults HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer token`,
      `content-type: application/json\r\ncontent-length: ${fault.length}\r\n\r\n${fault}`,
    ].join('\r\n');
    const ask = async (request: string) =>
      (await exchangeRaw(service.url, Buffer.from(request), { timeoutMs: 20_000 })).responses[0]?.status;
    const idle: Socket[] = [];
    for (let death = 0; death < 3; death++) {
      idle.push(...(await Promise.all(Array.from({ length: 300 }, () => open(service)))));
      for (const socket of idle) if (socket.writable) socket.write(HEALTH);
      expect(await ask(inject)).toBe(202);
      await ask(increment).catch(() => undefined); // ends the thread that it meets
      const ready = 'GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
      for (const request of [ready, increment]) {
        // What meets the dead thread's socket is reset, and tried again.
        await expect.poll(() => ask(request).catch(() => undefined), { timeout: 60_000 }).toBe(200);
      }
    }
    for (const socket of idle) socket.destroy();
    expect(service.output()).toMatch(/a thread died and is replaced/);
    expect(await service.stop()).toBe(0);
  },
);

describe('bodies that come in', () => {
  it('are refused when they would take more memory than they may, and taken again once others are gone', async () => {
    await using service = await startServiceUnderTest({ ...one, MAX_BODY_MEMORY_MB: '1' });
    const most = (1024 * 1024) / MAX_BODY_BYTES;
    const half = '{'.padEnd(MAX_BODY_BYTES - 1);
    const waiting = await Promise.all(Array.from({ length: most }, () => openHalf(service, half)));
    await expect
      .poll(() => metric(service, 'http_body_bytes'), { timeout: 20_000 })
      .toBeGreaterThanOrEqual(most * (MAX_BODY_BYTES - 1));
    const last = await openHalf(service, '{"by":'.padEnd(100));
    expect(String((await once(last, 'data'))[0])).toMatch(/^HTTP\/1.1 503 [^]*"OVERLOADED"[^]*"not-applied"/);
    expect((await fetch(service.url + COUNTER)).status).toBe(404); // nothing was begun
    last.write(`1}${' '.repeat(MAX_BODY_BYTES - 102)}${HEALTH}`); // the rest is dropped, and the connection goes on
    expect(String((await once(last, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
    expect(await metric(service, 'http_bodies_refused_total')).toBe(1);
    for (const socket of waiting) socket.destroy();
    await expect.poll(() => metric(service, 'http_body_bytes'), { timeout: 20_000 }).toBe(0);
    const answer = await fetch(`${service.url}${COUNTER}/increment`, {
      method: 'POST',
      body: '{"by":2}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await answer.json()).toMatchObject({ value: 2 });
    last.destroy();
  });

  it('that come byte by byte are whole in the end, and forgotten with their answers', async () => {
    await using service = await startServiceUnderTest(one);
    const body = `{"by":${' '.repeat(200)}7}`;
    const socket = await openHalf(service, '', body.length);
    for (const character of body) await new Promise((resolve) => socket.write(character, resolve));
    expect(String((await once(socket, 'data'))[0])).toMatch(/"value":7}$/);
    expect(await metric(service, 'http_body_bytes')).toBe(0);
    socket.destroy();
  });
});

describe('a client that keeps its side open after a refusal', () => {
  it.for([
    ['bytes that are no request', 'GARBAGE\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n'],
    [
      'an upgrade',
      `GET /v1/${anyStrategy.name}/ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    ],
    ['a head that does not end', 'GET / HTTP/1.1\r\nhost: a\r\n'],
  ] as const)('holds no socket: %s', async ([, bytes]) => {
    await using service = await startServiceUnderTest(one);
    const { hostname, port } = new URL(service.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on('error', () => {}).resume();
    socket.write(bytes);
    await once(socket, 'end');
    await expect.poll(() => metric(service, 'http_open_connections'), { timeout: 20_000 }).toBe(1); // who asks
    socket.destroy();
  });
});
