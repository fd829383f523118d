/** A request whose body nobody wants must not cost the connection, nor the answer. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES } from '../../src/http/body-memory.ts';
import { exchangeRaw } from '../support/raw-http.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../support/service.ts';

const INCREMENT = `/v1/${anyStrategy.name}/counters/kept/increment`;
const JSON_TYPE = 'application/json';
const CHUNK_BYTES = 16 * 1024;
/** More than the buffers of both sockets hold, so that the client is still sending when the answer is ready. */
const HUGE = 'x'.repeat(8 * 1024 * 1024);

interface Case {
  readonly name: string;
  readonly status: number;
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const cases: readonly Case[] = [
  {
    name: 'a key that is refused',
    status: 400,
    path: `/v1/${anyStrategy.name}/counters/%00/increment`,
    type: JSON_TYPE,
    body: '{}',
  },
  { name: 'a path that is not served', status: 404, path: '/nowhere', type: JSON_TYPE, body: '{}' },
  { name: 'a huge body for such a path', status: 404, path: '/nowhere', type: JSON_TYPE, body: HUGE },
  { name: 'a method that is not served', status: 405, path: '/healthz', type: JSON_TYPE, body: '{}' },
  {
    name: 'a body over the limit',
    status: 413,
    path: INCREMENT,
    type: JSON_TYPE,
    body: 'x'.repeat(MAX_BODY_BYTES + 1),
  },
  { name: 'a huge body', status: 413, path: INCREMENT, type: JSON_TYPE, body: HUGE },
  { name: 'a body of another type', status: 415, path: INCREMENT, type: 'text/plain', body: 'hello' },
];

const framings = [
  { name: 'with a length', frame: (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}` },
  { name: 'in chunks', frame: (body: string) => `Transfer-Encoding: chunked\r\n\r\n${chunked(body)}` },
] as const;

const NEXT = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await startServiceUnderTest({ THREADS: '1', STRATEGIES: anyStrategy.name });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

for (const framing of framings) {
  describe(`an unwanted body ${framing.name}`, () => {
    it.for(cases)('keeps the connection for the next request: $name', async (request) => {
      const bytes = Buffer.from(`${head(request)}${framing.frame(request.body)}${NEXT}`);
      const { responses } = await exchangeRaw(service.url, bytes, { answers: 2 });
      expect(responses.map(({ status }) => status)).toEqual([request.status, 200]);
    });

    it.for(cases)('is answered, not reset, when the connection ends with it: $name', async (request) => {
      const bytes = Buffer.from(`${head(request, 'Connection: close\r\n')}${framing.frame(request.body)}`);
      const { responses, closed } = await exchangeRaw(service.url, bytes, { untilClosed: true });
      expect(responses.map(({ status }) => status)).toEqual([request.status]);
      expect(closed).toBe(true);
    });
  });
}

describe('a client that leaves in the middle of its body', () => {
  it.for([
    { name: 'with a length', rest: 'Content-Length: 1000\r\n\r\n{"by"' },
    { name: 'in chunks', rest: 'Transfer-Encoding: chunked\r\n\r\n5\r\n{"by"\r\n' },
  ])('changes nothing, and is no defect of the service: $name', async ({ rest }) => {
    await using own = await startServiceUnderTest({ THREADS: '1', STRATEGIES: anyStrategy.name });
    const { hostname, port } = new URL(own.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    socket.write(`${head({ path: INCREMENT, type: JSON_TYPE })}${rest}`);
    const counter = `${own.url}${INCREMENT.replace('/increment', '')}`;
    await fetch(counter); // on the only thread: by now the request before is with its handler
    socket.resetAndDestroy();
    const { status } = await fetch(counter);
    expect(status).toBe(404);
    expect(await own.stop()).toBe(0);
    expect(own.output()).not.toContain('defect');
  });
});

function head({ path, type }: Pick<Case, 'path' | 'type'>, more = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n${more}`;
}

function chunked(body: string): string {
  const chunks: string[] = [];
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    const chunk = body.slice(at, at + CHUNK_BYTES);
    chunks.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  }
  return `${chunks.join('')}0\r\n\r\n`;
}
