/** Puts a Redis further away: everything it answers comes `delayMs` later. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface DistantServer extends AsyncDisposable {
  readonly url: string;
}

/** @param upstream the path of the server's socket */
export async function startDistance(upstream: string, delayMs: number): Promise<DistantServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const redis = connect(upstream);
    sockets.add(client).add(redis);
    client.pipe(redis);
    // Timers of one delay fire in the order they were set, so a stream keeps its own.
    redis.on('data', (chunk: Buffer) => void setTimeout(() => client.write(chunk), delayMs));
    for (const socket of [client, redis]) socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    client.on('close', () => redis.destroy());
    redis.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
