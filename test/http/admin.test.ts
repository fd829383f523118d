import { describe, expect, it } from 'vitest';
import { sharing, anyStrategy } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest } from '../support/service.ts';

const TOKEN = 'a token for tests';

function adminOf(service: ServiceUnderTest, strategy: string) {
  const base = `${service.url}/v1/${strategy}`;
  const post = (path: string, body?: unknown, token: string | undefined = TOKEN) => {
    const headers = {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return fetch(`${base}/${path}`, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  return {
    post,
    increment: (key: string) => fetch(`${base}/counters/${key}/increment`, { method: 'POST' }),
    read: async (key: string) => ((await (await fetch(`${base}/counters/${key}`)).json()) as { value: number }).value,
    /** Increments until an answer comes: a dying thread takes its connections with it. */
    async incrementSurely(key: string) {
      const deadlineMs = performance.now() + 15_000;
      for (;;) {
        const answer = await fetch(`${base}/counters/${key}/increment`, { method: 'POST' }).catch(() => undefined);
        if (answer?.ok) return ((await answer.json()) as { value: number }).value;
        if (performance.now() > deadlineMs) throw new Error(`no answer in time: ${answer?.status}`);
      }
    },
  };
}

describe('administration', () => {
  it('does not exist without ADMIN_TOKEN', async () => {
    await using service = await startServiceUnderTest({ THREADS: '1', CONTROLS: 'on' });
    const { post } = adminOf(service, anyStrategy.name);
    for (const path of ['recover', 'reset', 'faults']) expect((await post(path)).status).toBe(404);
  });

  it('wants the token, and serves reset and faults only with CONTROLS=on', async () => {
    await using service = await startServiceUnderTest({ THREADS: '1', ADMIN_TOKEN: TOKEN });
    const { post } = adminOf(service, anyStrategy.name);
    expect(await (await post('recover', undefined, '')).json()).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect(await (await post('recover', undefined, 'guess')).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect((await post('recover')).status).toBe(200);
    for (const path of ['reset', 'faults']) expect((await post(path)).status).toBe(404);
  });

  it('names what is wrong with a fault', async () => {
    await using service = await startServiceUnderTest({ THREADS: '1', ADMIN_TOKEN: TOKEN, CONTROLS: 'on' });
    const { post } = adminOf(service, anyStrategy.name);
    const refused = await post('faults', { kind: 'meteor', times: 0 });
    expect(refused.status).toBe(400);
    const { errors } = (await refused.json()) as { errors: { field: string }[] };
    expect(errors.map(({ field }) => field)).toEqual(['kind', 'times']);
  });
});

describe.for(sharing)('faults / $name', ({ name }) => {
  it('are met, and nothing acknowledged is lost', async () => {
    await using service = await startServiceUnderTest({
      THREADS: '2',
      STRATEGIES: name,
      ADMIN_TOKEN: TOKEN,
      CONTROLS: 'on',
    });
    const admin = adminOf(service, name);
    expect((await admin.increment('kept')).status).toBe(200);

    await admin.post('faults', { kind: 'throw-in-section' });
    const thrown = await admin.increment('kept');
    expect(await thrown.json()).toMatchObject({ code: 'INTERNAL', outcome: 'not-applied' });
    expect(await admin.read('kept')).toBe(1); // rolled back, and not poisoned

    await admin.post('faults', { kind: 'exit-holding' });
    const ended = await admin.increment('kept').catch(() => undefined);
    expect(ended === undefined || ended.status === 504).toBe(true);
    const value = await admin.incrementSurely('kept');
    expect([2, 3]).toContain(value); // the change of the one that ended took effect or did not, but whole

    await Promise.all(Array.from({ length: 150 }, (_, at) => admin.incrementSurely(`many-${at}`)));
    expect((await admin.post('reset')).status).toBe(204);
    const { total } = (await (await fetch(`${service.url}/v1/${name}/counters`)).json()) as { total: number };
    expect(total).toBe(0);
    expect((await fetch(`${service.url}/v1/${name}/counters/kept`)).status).toBe(404);
  });

  it('a reset closes every connection', async () => {
    const environment = { THREADS: '2', STRATEGIES: name, ADMIN_TOKEN: TOKEN, CONTROLS: 'on' };
    await using service = await startServiceUnderTest(environment);
    const connections = `${service.url}/v1/${name}/connections`;
    const registration = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"room":"r"}' };
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => fetch(`${connections}/c${at}`, registration)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect((await adminOf(service, name).post('reset')).status).toBe(204);
    expect(await (await fetch(connections)).json()).toEqual({ connections: [], total: 0 });
  });

  it('leave memory and origin agreeing, whatever the answer said', async () => {
    const environment = { THREADS: '2', STRATEGIES: name, ADMIN_TOKEN: TOKEN, CONTROLS: 'on', WRITE_THROUGH: 'on' };
    await using service = await startServiceUnderTest({ ...environment, SERVER_TIMING: 'off' });
    const admin = adminOf(service, name);
    await admin.increment('agreed');
    await admin.post('faults', { kind: 'throw-in-section' });
    const thrown = (await (await admin.increment('agreed')).json()) as { code: string; outcome: string };
    expect(thrown.code).toBe('INTERNAL');
    // What was stored before it threw may not be taken back: then nobody is told that nothing happened.
    const value = await admin.read('agreed');
    expect(value).toBe(thrown.outcome === 'not-applied' ? 1 : 2);
    expect(((await (await admin.increment('agreed')).json()) as { value: number }).value).toBe(value + 1);
  });

  it('of the origin are told with their outcome', async () => {
    await using service = await startServiceUnderTest({
      THREADS: '2',
      STRATEGIES: name,
      ADMIN_TOKEN: TOKEN,
      CONTROLS: 'on',
      WRITE_THROUGH: 'on',
      ORIGIN_TIMEOUT_MS: '500',
    });
    const admin = adminOf(service, name);
    expect(((await (await admin.increment('stored')).json()) as { value: number }).value).toBe(1);

    await admin.post('faults', { kind: 'origin-fail' });
    const failed = (await (await admin.increment('stored')).json()) as { code: string; outcome: string };
    expect(failed.code).toBe('ORIGIN_FAILED');
    expect(await admin.read('stored')).toBe(failed.outcome === 'not-applied' ? 1 : 2);

    const before = await admin.read('stored');
    await admin.post('faults', { kind: 'origin-delay', delayMs: 1500 });
    const late = await admin.increment('stored');
    expect(await late.json()).toMatchObject({ status: 504, code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
    expect([before, before + 1]).toContain(await admin.read('stored'));
  });
});
