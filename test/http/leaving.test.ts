/** What becomes of clients while a service ends. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { KeptAliveClient } from '../support/kept-alive-client.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

const KEY = `/v1/${anyStrategy.name}/counters/piped`;
const increment = `POST ${KEY}/increment HTTP/1.1\r\nHost: a\r\n\r\n`;
const settings = { THREADS: '1', STRATEGIES: anyStrategy.name, WRITE_THROUGH: 'on' };
/** An origin that takes longer than answers say farewell before idle connections are closed. */
const slow = { ...settings, ORIGIN_LATENCY_MS: '800' };

function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname);
}

it('a client that is waiting is told to leave with its answer, and holds nothing up', async () => {
  await using service = await startServiceUnderTest(slow);
  using client = new KeptAliveClient('waiting', service.url);
  await client.send({ method: 'GET', path: '/healthz' });
  const sent = client.send({ method: 'POST', path: `${KEY}/increment` });
  await fetch(`${service.url}/healthz`); // on the only thread: by now the request before is with its handler
  const ended = service.stop();
  expect(await sent).toMatchObject({ fate: 'answered', status: 200, reused: true, closes: true });
  expect(await ended).toBe(0);
});

it('nor does one whose last answer was written before, behind one that was not', async () => {
  await using service = await startServiceUnderTest(slow);
  const socket = connectTo(service.url);
  await once(socket, 'connect');
  const answers = text(socket);
  socket.write(`${increment}GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n`);
  await fetch(`${service.url}/healthz`);
  expect(await service.stop()).toBe(0);
  expect((await answers).match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
});

it.skipIf(redisProgram === undefined)(
  'a client that pipelines is answered all that was done, and nothing else was',
  async () => {
    await using redis = await RedisServer.start();
    const withRedis = { ...settings, REDIS_URL: redis.url };
    const answered = Promise.withResolvers<string>();
    {
      await using service = await startServiceUnderTest({ ...withRedis, ORIGIN_LATENCY_MS: '20' });
      const socket = connectTo(service.url);
      let received = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        received += chunk;
        // Always some are on their way when an answer comes.
        if (socket.writable) socket.write(increment.repeat(2));
      });
      socket.on('error', () => {}); // what it sent last met a connection that was closed
      socket.on('close', () => answered.resolve(received));
      socket.write(increment.repeat(4));
      await once(socket, 'data');
      expect(await service.stop()).toBe(0);
    }
    const answers = (await answered.promise).split('HTTP/1.1 200').length - 1;
    await using successor = await startServiceUnderTest(withRedis);
    expect(await (await fetch(successor.url + KEY)).json()).toMatchObject({ value: answers });
  },
);
