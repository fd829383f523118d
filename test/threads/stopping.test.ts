/** What ends the service, and that no client can hold it up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { pino } from 'pino';
import { readSettings } from '../../src/settings.ts';
import { Supervisor } from '../../src/threads/supervisor.ts';
import { isExhaustion } from '../../src/threads/exhaustion.ts';
import { CrashLoop } from '../../src/threads/crash-loop.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const one = { THREADS: '1', STRATEGIES: anyStrategy.name };

/** A request of which the service has read the head, and no more comes. */
async function halfRequest(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const path = `/v1/${anyStrategy.name}/counters/half/increment`;
  const headers = 'host: a\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 8\r\n';
  socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n`);
  await once(socket, 'data');
  socket.write('{"by"');
  return socket;
}

it('a body that does not come is refused on shutdown, and does not hold it up', async () => {
  await using service = await startServiceUnderTest(one);
  const socket = await halfRequest(service.url);
  const answer = text(socket);
  expect(await service.stop()).toBe(0);
  expect(await answer).toMatch(/^HTTP\/1.1 503 [^]*"SHUTTING_DOWN"[^]*"not-applied"/);
});

it.for([
  ['the first of its connection', ''],
  ['on a kept-alive connection', 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'],
] as const)('a head that does not end does not hold it up: %s', async ([, before]) => {
  await using service = await startServiceUnderTest({ ...one, SHUTDOWN_TIMEOUT_MS: '4000' }); // less than heads have
  const { hostname, port } = new URL(service.url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  if (before !== '') {
    socket.write(before);
    await once(socket, 'data');
  }
  await new Promise((resolve) => socket.write('GET / HT', resolve));
  await fetch(`${service.url}/healthz`); // by now the bytes before are read
  const answer = text(socket);
  expect(await service.stop()).toBe(0);
  expect(await answer).toMatch(/503 [^]*"SHUTTING_DOWN"|^$/); // or it was closed as an idle one
});

it('SIGHUP drains as SIGTERM does, and a second signal changes nothing', async () => {
  await using service = await startServiceUnderTest(one);
  const socket = await halfRequest(service.url);
  const answer = text(socket);
  process.kill(service.pid, 'SIGHUP');
  socket.write(':1}'); // the rest comes while it drains
  process.kill(service.pid, 'SIGHUP');
  expect(await answer).toMatch(/^HTTP\/1.1 200 [^]*"value":1}$/);
  expect(await service.stop()).toBe(0);
});

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

it.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s ends a start that waits for Redis, at once and with 0',
  async (signal) => {
    await using silent = createServer(() => {}).listen(0, '127.0.0.1'); // accepts, and never answers
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const env = { ...one, PORT: '0', REDIS_URL: `redis://127.0.0.1:${port}`, ORIGIN_TIMEOUT_MS: '60000' };
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const output = text(child.stdout);
    const exited = once(child, 'exit');
    const [socket] = (await once(silent, 'connection')) as [Socket];
    child.kill(signal);
    expect((await exited)[0]).toBe(0);
    socket.destroy();
    expect(await output).not.toMatch(/"level":[56]0/); // nothing went wrong
  },
);

it.for([0, 1])('a stop does not wait for a thread that is starting: position %d', async (position) => {
  const { name, threads = 2 } = anyStrategy;
  const settings = readSettings({ PORT: '0', THREADS: String(threads), STRATEGIES: name });
  const errors: unknown[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) });
  const whileStarting = new Supervisor(settings, log, (error) => errors.push(error));
  const starting = whileStarting.start().then(
    () => 'started',
    () => 'not started',
  );
  for (let turn = 0; turn < position; turn++) await new Promise(setImmediate);
  expect(await whileStarting.stop()).toBe(true);
  expect(await starting).toBe('not started');

  const whileReplacing = new Supervisor(settings, log, (error) => errors.push(error));
  const url = await whileReplacing.start();
  await whileReplacing.crash(position);
  expect(await whileReplacing.stop()).toBe(true);
  await expect(fetch(url)).rejects.toThrow();
  expect(errors).toEqual([]);
});

it.skipIf(process.platform === 'win32')(
  'the shell of `npm start` is replaced, so its signal reaches node',
  async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
    const entry = { command: 'sh', args: ['-c', manifest.scripts.start], cwd: root };
    await using service = await startServiceUnderTest(one, entry);
    process.kill(service.pid, 'SIGTERM'); // to the process that npm has started, and to nothing else
    await expect
      .poll(
        () =>
          fetch(service.url).then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(false);
    expect(await service.stop()).toBe(0);
  },
);

it('a thread that there is no room for is tried again and again', () => {
  const loop = new CrashLoop('thread 0');
  const error = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  expect(Array.from({ length: 20 }, () => loop.died(1, error))).toEqual(Array.from({ length: 20 }, () => 1_000));
  expect(isExhaustion(new Error('Worker initialization failure: EMFILE'))).toBe(true);
  expect(isExhaustion(new Error('a defect'))).toBe(false);
});
