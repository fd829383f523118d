/**
 * A service small enough to know: the counters of the HTTP contract on bare node:http, with the settings that the
 * comparison passes. The strategy `lossy` drops every tenth increment. What else it does wrong is asked
 * for by FAKE: `crashes` (never listens), `never-ready`, `ignores-sigterm`. `GET /record` has its own view of every
 * increment: when it came in, and how long until it was answered.
 */
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const fake = process.env['FAKE'] ?? '';
const strategy = process.env['STRATEGIES'] ?? 'sync-lock';
const originLatencyMs = process.env['WRITE_THROUGH'] === 'on' ? Number(process.env['ORIGIN_LATENCY_MS'] ?? 5) : 0;

const counters = new Map<string, number>();
let lastHolder: Promise<unknown> = Promise.resolve();
let increments = 0;
/** Unix ms of arrival, and ms from there to the answer. */
const record: [arrivedUnixMs: number, elapsedMs: number][] = [];

if (fake === 'crashes') {
  process.stderr.write('THREADS=0 is below 1\n');
  process.exit(2);
}

async function originStores(): Promise<void> {
  if (originLatencyMs > 0) await delay(originLatencyMs);
}

function add(key: string): number {
  increments++;
  const value = (counters.get(key) ?? 0) + (strategy === 'lossy' && increments % 10 === 0 ? 0 : 1);
  counters.set(key, value);
  return value;
}

const incrementBy: Record<string, (key: string) => Promise<number>> = {
  async 'async-lock'(key) {
    const turn = lastHolder.then(async () => {
      await originStores();
      return add(key);
    });
    lastHolder = turn;
    return turn;
  },
  async unguarded(key) {
    const value = (counters.get(key) ?? 0) + 1;
    await (originLatencyMs > 0 ? originStores() : delay(1));
    counters.set(key, value);
    return value;
  },
};

async function incrementAfterwardsStored(key: string): Promise<number> {
  const value = add(key);
  await originStores();
  return value;
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function answerIncrement(increment: Promise<number>, key: string, response: ServerResponse): Promise<void> {
  const arrivedMs = performance.now();
  reply(response, 200, { key, value: await increment });
  record.push([performance.timeOrigin + arrivedMs, performance.now() - arrivedMs]);
}

const server = createServer((request, response) => {
  request.resume();
  const [, version, , resource, key = '', action] = (request.url ?? '').split('/');
  if (request.url === '/healthz') return reply(response, 200, { status: 'ok' });
  if (request.url === '/readyz') return reply(response, fake === 'never-ready' ? 503 : 200, {});
  if (request.url === '/record') return reply(response, 200, record);
  if (version !== 'v1' || resource !== 'counters') return reply(response, 404, { code: 'NOT_FOUND' });
  if (action === 'increment') {
    const increment = incrementBy[strategy] ?? incrementAfterwardsStored;
    return void answerIncrement(increment(key), key, response);
  }
  const value = counters.get(key);
  if (value === undefined) return reply(response, 404, { code: 'NOT_FOUND' });
  reply(response, 200, { key, value });
});

process.on('SIGTERM', () => {
  if (fake !== 'ignores-sigterm') process.exit(0);
});

server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  process.stdout.write('a line that is not JSON\n');
  process.stdout.write(`${JSON.stringify({ level: 30, msg: 'starting' })}\n`);
  process.stdout.write(`${JSON.stringify({ level: 30, url: `http://127.0.0.1:${address.port}`, msg: 'listening' })}\n`);
});
