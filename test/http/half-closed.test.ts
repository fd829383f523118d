import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { sharing } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

const TOKEN = 'half closed';

function send(url: string, path: string) {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const request = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  return { socket, request };
}

it.for(sharing)('answers a client that says it sends no more: $name', async ({ name }) => {
  await using service = await startServiceUnderTest({ THREADS: '2', STRATEGIES: name, WRITE_THROUGH: 'on' });
  for (let value = 1; value <= 10; value++) {
    const { socket, request } = send(service.url, `/v1/${name}/counters/half/increment`);
    socket.end(request); // the bytes, and at once the FIN
    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 200 OK[^]*"value":${value}}$`));
  }
});

it.for(sharing)('keeps answering one that waits long, after an interim response: $name', async ({ name }) => {
  await using service = await startServiceUnderTest({
    THREADS: '1',
    STRATEGIES: name,
    WRITE_THROUGH: 'on',
    CONTROLS: 'on',
    ADMIN_TOKEN: TOKEN,
  });
  await fetch(`${service.url}/v1/${name}/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '{"kind":"origin-delay","delayMs":400}',
  });
  const { socket, request } = send(service.url, `/v1/${name}/counters/slow/increment`);
  socket.end(request);
  expect(await text(socket)).toMatch(/^(?:HTTP\/1.1 102 Processing\r\n\r\n)+HTTP\/1.1 200 OK[^]*"value":1}$/);
});

it('takes a client that has left out of the queue', async () => {
  const strategy = sharing.find(({ name }) => name === 'async-lock'); // the one that makes requests wait for each other
  if (strategy === undefined) return;
  await using service = await startServiceUnderTest({
    THREADS: '1',
    STRATEGIES: strategy.name,
    WRITE_THROUGH: 'on',
    CONTROLS: 'on',
    ADMIN_TOKEN: TOKEN,
  });
  const path = `/v1/${strategy.name}/counters/left/increment`;
  await fetch(`${service.url}/v1/${strategy.name}/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '{"kind":"origin-delay","delayMs":800}',
  });
  const holder = fetch(`${service.url}${path}`, { method: 'POST' });
  const leaving = Array.from({ length: 5 }, async () => {
    const { socket, request } = send(service.url, path);
    socket.write(request, () => socket.destroy());
    await once(socket, 'close');
  });
  await Promise.all(leaving);
  expect(await (await holder).json()).toMatchObject({ value: 1 });
  expect(await (await fetch(`${service.url}${path}`, { method: 'POST' })).json()).toMatchObject({ value: 2 });
});
