/** What becomes of clients while a service ends. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

const KEY = `/v1/${anyStrategy.name}/counters/piped`;
const increment = `POST ${KEY}/increment HTTP/1.1\r\nHost: a\r\n`;

it.skipIf(redisProgram === undefined)(
  'a client that pipelines is answered all that was done, and nothing else was',
  async () => {
    await using redis = await RedisServer.start();
    const settings = { THREADS: '1', STRATEGIES: anyStrategy.name, REDIS_URL: redis.url, WRITE_THROUGH: 'on' };
    let answers = 0;
    {
      await using service = await startServiceUnderTest({ ...settings, ORIGIN_LATENCY_MS: '20' });
      const { hostname, port } = new URL(service.url);
      const socket = connect(Number(port), hostname);
      socket.on('data', (data) => {
        const text = data.toString('latin1');
        answers += text.split('HTTP/1.1 200').length - 1;
        // Always some are on their way when an answer comes.
        if (socket.writable) socket.write(`${increment}\r\n`.repeat(2));
      });
      socket.on('error', () => {}); // what it sent last met a connection that was closed
      socket.write(`${increment}\r\n`.repeat(4));
      await once(socket, 'data');
      expect(await service.stop()).toBe(0);
    }
    await using successor = await startServiceUnderTest(settings);
    expect(await (await fetch(successor.url + KEY)).json()).toMatchObject({ value: answers });
  },
);
