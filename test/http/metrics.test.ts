import { describe, expect, it } from 'vitest';
import { anyStrategy, sharing } from '../support/served.ts';
import { startServiceUnderTest, stopCleanly } from '../support/service.ts';

const TOKEN = 'a token for tests';
const INCREMENT = '/v1/{strategy}/counters/{key}/increment';

async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
  return response.text();
}

/** The sum of the samples of a metric that carry these labels. */
function valueOf(text: string, metric: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
  const found = lines.filter((line) => wanted.every((label) => line.includes(label)));
  return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Each on a connection of its own, so that every thread has some. */
async function increment(url: string, strategy: string, times: number): Promise<number[]> {
  const one = async (_: unknown, at: number): Promise<number> => {
    const path = `${url}/v1/${strategy}/counters/secret-key-${at}/increment`;
    return (await fetch(path, { method: 'POST', headers: { connection: 'close' } })).status;
  };
  return Promise.all(Array.from({ length: times }, one));
}

describe('/metrics', () => {
  it('counts every request of every thread once, by template and strategy', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2' });
    for (const { name } of sharing) await increment(service.url, name, 30);
    await fetch(`${service.url}/v1/${anyStrategy.name}/counters/nobody`);
    await fetch(`${service.url}/no/such/path`);

    const text = await scrape(service.url);
    for (const { name: strategy } of sharing) {
      const labels = { route: INCREMENT, strategy, method: 'POST' };
      expect(valueOf(text, 'http_requests_total', { ...labels, status: '200' })).toBe(30);
      expect(valueOf(text, 'http_request_duration_seconds_count', labels)).toBe(30);
      expect(valueOf(text, 'http_request_duration_seconds_bucket', { ...labels, le: '+Inf' })).toBe(30);
    }
    expect(valueOf(text, 'thread_http_requests_total')).toBe(valueOf(text, 'http_requests_total'));
    expect(valueOf(text, 'http_requests_total', { status: '404', strategy: anyStrategy.name })).toBe(1);
    expect(valueOf(text, 'http_requests_total', { route: 'other', status: '404' })).toBe(1);
    expect(text).not.toMatch(/secret-key|no\/such/);
    expect(new Set([await scrape(service.url), await scrape(service.url)].map(typesOf))).toEqual(
      new Set([typesOf(text)]),
    );
  });

  it('tells of threads, locks, mailboxes, versions, caches and connections', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2' });
    const { name: strategy } = anyStrategy;
    const registered = await fetch(`${service.url}/v1/${strategy}/connections/c`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"room":"r"}',
    });
    expect(registered.status).toBe(201);
    for (let time = 0; time < 3; time++) await fetch(`${service.url}/v1/${strategy}/cache/doc-1`);
    const text = await scrape(service.url);
    expect(valueOf(text, 'connections', { strategy })).toBe(1);
    expect(valueOf(text, 'cache_hits_total', { strategy })).toBe(2);
    expect(valueOf(text, 'cache_misses_total', { strategy })).toBe(1);
    for (const thread of ['0', '1']) expect(valueOf(text, 'thread_heap_used_bytes', { thread })).toBeGreaterThan(1e6);
    for (const name of ['lock_acquisitions_total', 'lock_repairs_total', 'mailbox_depth', 'snapshot_versions_total']) {
      expect(text).toContain(`# TYPE ${name} `);
    }
  });

  it('keeps what a thread counted that is dead', async () => {
    const environment = { THREADS: '2', STRATEGIES: anyStrategy.name, ADMIN_TOKEN: TOKEN, CONTROLS: 'on' };
    await using service = await startServiceUnderTest(environment);
    const { name: strategy } = anyStrategy;
    await increment(service.url, strategy, 40);
    await fetch(`${service.url}/v1/${strategy}/faults`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{"kind":"exit-holding"}',
    });
    await increment(service.url, strategy, 1).catch(() => {}); // dies with its thread
    const text = await scrape(service.url);
    expect(valueOf(text, 'http_requests_total', { route: INCREMENT, strategy, status: '200' })).toBe(40);
  });

  it('is not there with METRICS=off', async () => {
    await using service = await startServiceUnderTest({ THREADS: '1', STRATEGIES: anyStrategy.name, METRICS: 'off' });
    expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
  });
});

function typesOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('# TYPE'))
    .join('\n');
}

async function linesAbout(settings: Record<string, string>): Promise<unknown[]> {
  await using service = await startServiceUnderTest({ THREADS: '1', STRATEGIES: anyStrategy.name, ...settings });
  const headers = { 'x-request-id': 'known-id' };
  await fetch(`${service.url}/v1/${anyStrategy.name}/counters/k/increment`, { method: 'POST', headers });
  await stopCleanly(service);
  const lines = service.output().split('\n');
  return lines.filter((line) => line.includes('known-id')).map((line) => JSON.parse(line) as unknown);
}

describe('the log', () => {
  it.each([
    { LOG_LEVEL: 'info', ACCESS_LOG_PER_SECOND: '100' },
    { LOG_LEVEL: 'debug', ACCESS_LOG_PER_SECOND: '0' },
  ])('has a line about a request, with its id, thread, route, strategy and duration: %j', async (settings) => {
    expect(await linesAbout(settings)).toEqual([
      expect.objectContaining({
        requestId: 'known-id',
        thread: 0,
        slot: expect.any(Number),
        method: 'POST',
        route: INCREMENT,
        strategy: anyStrategy.name,
        status: 200,
        durationMs: expect.any(Number),
      }),
    ]);
  });

  it('has none where that is so set', async () => {
    expect(await linesAbout({ ACCESS_LOG_PER_SECOND: '0' })).toEqual([]);
    expect(await linesAbout({ ACCESS_LOG_PER_SECOND: '100', LOG_LEVEL: 'warn' })).toEqual([]);
  });
});
