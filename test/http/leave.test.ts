import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { leave } from '../../src/http/leave.ts';

/** More than the buffers of both sockets hold. */
const HUGE_BYTES = 32 * 1024 * 1024;

it('an answer that is read slowly is read to its end', async () => {
  const server = createServer((_incoming, outgoing) => {
    outgoing.shouldKeepAlive = false;
    outgoing.end(Buffer.alloc(HUGE_BYTES));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [incoming] = (await once(get({ host: '127.0.0.1', port }), 'response')) as [IncomingMessage];

  const looks = Promise.withResolvers<void>();
  let looked = 0;
  const left = leave(server, {
    *[Symbol.iterator]() {
      looked += 1;
      if (looked === 3) looks.resolve();
      yield* sockets;
    },
  });
  await looks.promise; // by now idle connections are closed
  expect((await buffer(incoming)).length).toBe(HUGE_BYTES);
  await left;
});
