import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { sendAndCheck } from '../support/hostile-requests.ts';
import { jsonType } from '../support/hostile/hostile-request.ts';
import { ADMIN_TOKEN, hostileByResource } from '../support/hostile/resources.ts';
import { anyStrategy } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

const base = `/v1/${anyStrategy.name}`;
const INPUTS = 300;

describe.each([...hostileByResource(base)])('bad requests to %s', (_resource, requests) => {
  let service: ServiceUnderTest;
  let before: string;
  beforeAll(async () => {
    service = await startServiceUnderTest({
      STRATEGIES: anyStrategy.name,
      THREADS: '2',
      CONTROLS: 'on',
      ADMIN_TOKEN,
      CONNECTION_TTL_MS: '86400000',
      CACHE_TTL_MS: '86400000',
    });
    await write(service.url);
    before = await state(service.url);
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000);

  it(`are more than ${INPUTS}, each another`, () => {
    const inputs = new Set(requests.map(({ bytes, halfClose }) => `${halfClose}${bytes.toString('latin1')}`));
    expect(inputs.size).toBeGreaterThanOrEqual(INPUTS);
  });

  it('are each refused as intended, and change nothing', { timeout: 120_000 }, async () => {
    const failures: string[] = [];
    for (const request of requests) {
      try {
        await sendAndCheck(service.url, request, 4_000);
        const after = await state(service.url);
        assert(after === before, `the state changed from ${before} to ${after}`);
      } catch (error) {
        failures.push(`${request.name}: ${error instanceof Error ? error.message.slice(0, 1_500) : String(error)}`);
        before = await state(service.url);
      }
    }
    expect(failures).toEqual([]);
  });
});

/** Something in each resource. */
async function write(url: string): Promise<void> {
  const send = async (method: string, path: string, body: unknown, headers = {}) => {
    const answer = await fetch(`${url}${base}/${path}`, {
      method,
      headers: { ...jsonType, ...headers },
      body: JSON.stringify(body),
    });
    assert(answer.ok, await answer.text());
  };
  await send('POST', 'counters/sentinel/increment', { by: 41 });
  await send('PUT', 'cache/sentinel', { value: { is: 'cached' } });
  await send('PUT', 'connections/sentinel', { room: 'r' });
  await send('PUT', 'config', { values: { a: 1 } }, { 'if-match': '*' });
}

/** All of it, as text. */
async function state(url: string): Promise<string> {
  const read = async (path: string) => (await fetch(`${url}${base}/${path}`)).text();
  const paths = ['counters?limit=1000', 'cache/sentinel', 'connections?limit=1000', 'rooms', 'config'];
  const texts = await Promise.all(paths.map(read));
  return texts.join('\n').replaceAll(/"\w+At":"[^"]*"/g, '"at"'); // the epoch tells registrations apart
}
