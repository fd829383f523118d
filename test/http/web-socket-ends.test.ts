/** How WebSockets end that nobody closed: silence, slowness, the service's end, a thread's death. */
import { expect, it } from 'vitest';
import { jsonType } from '../support/hostile/hostile-request.ts';
import { anyStrategy, sharing } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';
import { SocketClient } from '../support/socket-client.ts';
import { CROWD, crowd, idsIn, listing, until } from '../support/socket-crowd.ts';

const TOKEN = 'a token for tests';

it('a WebSocket that answers no ping is ended, and in no answer', async () => {
  await using service = await startServiceUnderTest({ THREADS: '2', CONNECTION_TTL_MS: '600' });
  const base = `${service.url}/v1/${anyStrategy.name}`;
  using silent = await SocketClient.open(base, { room: 'r', id: 'silent', autoPong: false });
  using alive = await SocketClient.open(base, { room: 'r', id: 'alive' });
  expect(await silent.closed).toBe(1006);
  expect(await idsIn(base, 'r')).toEqual(['alive']);
  expect(await alive.leave()).toBe(1005);
});

it('a receiver that does not read is closed, and the others get everything', { timeout: 60_000 }, async () => {
  await using service = await startServiceUnderTest({ THREADS: '2' });
  const base = `${service.url}/v1/${anyStrategy.name}`;
  using slow = await SocketClient.open(base, { room: 'r', id: 'slow' });
  slow.socket.pause();
  const fast = await Promise.all(
    Array.from({ length: 4 }, (_, at) => SocketClient.open(base, { room: 'r', id: `${at}` })),
  );
  const data = 'x'.repeat(16_000);
  for (let round = 1; round <= 35; round++) {
    for (let number = 0; number < 10; number++) for (const sender of fast) sender.say(data);
    for (const receiver of fast) expect(await receiver.messages(40 * round)).toHaveLength(40 * round);
  }
  await until(async () => (await listing(base, 'r')).total === 4);
  slow.socket.resume();
  expect([1006, 1013]).toContain(await slow.closed); // 1006 when it was cut off before it read so far
  expect(slow.received.length).toBeLessThan(40 * 35);
  for (const client of fast) client[Symbol.dispose]();
});

it('a service that ends tells every WebSocket, and ends well', async () => {
  await using service = await startServiceUnderTest({ THREADS: '2' });
  const clients = (await Promise.all(sharing.map(({ name }) => crowd(`${service.url}/v1/${name}`, 'leaving')))).flat();
  using mute = await SocketClient.open(`${service.url}/v1/${anyStrategy.name}`, { room: 'leaving' });
  mute.socket.pause(); // never answers the close frame
  const stopped = service.stop();
  expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(clients.map(() => 1001));
  expect(await stopped).toBe(0);
});

it('the WebSockets of a thread that dies are closed and gone from the map, and no others', async () => {
  await using service = await startServiceUnderTest({
    THREADS: '2',
    STRATEGIES: anyStrategy.name,
    CONTROLS: 'on',
    ADMIN_TOKEN: TOKEN,
  });
  const base = `${service.url}/v1/${anyStrategy.name}`;
  const clients = await crowd(base, 'r');
  const headers = { ...jsonType, authorization: `Bearer ${TOKEN}` };
  await fetch(`${base}/faults`, { method: 'POST', headers, body: '{"kind":"exit-holding"}' });
  await fetch(`${base}/counters/c/increment`, { method: 'POST' }).catch(() => {}); // the thread that serves it dies
  await Promise.race(clients.map(({ closed }) => closed));
  const open = () => clients.filter(({ socket }) => socket.readyState === socket.OPEN);
  await until(async () => {
    const ids = new Set(await idsIn(base, 'r').catch(() => [])); // a dying thread takes its connections with it
    const left = open().map((client) => idOf(client));
    return ids.size === left.length && left.every((id) => ids.has(id));
  });
  expect(open().length).toBeGreaterThan(0);
  expect(open().length).toBeLessThan(CROWD);
  for (const client of open()) client.say('still here');
  for (const client of open()) await client.messages(open().length);
  for (const client of clients) client[Symbol.dispose]();
});

function idOf({ socket }: SocketClient): string {
  return new URL(socket.url).searchParams.get('id')!;
}
