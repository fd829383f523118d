import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { Supervisor } from '../../src/threads/supervisor.ts';
import { anyStrategy, control, sharing } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('starting', () => {
  it('refuses a port that another service has, instead of sharing it', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2' });
    const { status, stdout } = spawnSync(process.execPath, [main], {
      env: { PORT: new URL(service.url).port, THREADS: '2' },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/EADDRINUSE/);
  });

  it('names every wrong setting and exits with 2', () => {
    const { status, stderr } = spawnSync(process.execPath, [main], {
      env: { PORT: 'x', LOG_LEVEL: 'loud' },
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/PORT: .*"x"/);
    expect(stderr).toMatch(/LOG_LEVEL: .*"loud"/);
    expect(stderr).not.toMatch(/at .*\.ts/);
  });

  it('answers /healthz, /readyz and /v1, with the controls only when asked', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2', STRATEGIES: anyStrategy.name });
    expect(await (await fetch(`${service.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    const listed = (await (await fetch(`${service.url}/v1`)).json()) as { strategies: { name: string }[] };
    expect(listed.strategies.map(({ name }) => name)).toEqual([anyStrategy.name]);
    expect((await fetch(`${service.url}/v1/${control?.name}/counters`)).status).toBe(404);
    expect(await service.stop()).toBe(0);
  });

  it('starts with every strategy, also those that lack a resource, and writes through', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2', CONTROLS: 'on', WRITE_THROUGH: 'on' });
    const listed = (await (await fetch(`${service.url}/v1`)).json()) as { strategies: { name: string }[] };
    for (const { name } of listed.strategies) {
      const answer = await fetch(`${service.url}/v1/${name}/counters/through/increment`, { method: 'POST' });
      expect([name, answer.status]).toEqual([name, name === 'atomic' ? 501 : 200]); // it writes nothing through
    }
  });

  it('gives every answer a request id, the client’s own if it is sane', async () => {
    await using service = await startServiceUnderTest({ THREADS: '1' });
    const url = `${service.url}/v1/${anyStrategy.name}/counters/none`;
    const own = await fetch(url, { headers: { 'x-request-id': 'abc-1' } });
    expect(own.headers.get('x-request-id')).toBe('abc-1');
    expect(await own.json()).toMatchObject({ requestId: 'abc-1', code: 'NOT_FOUND' });
    const odd = await fetch(url, { headers: { 'x-request-id': 'a b"c' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
  });

  it('says where a request spent its time, when asked', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2', SERVER_TIMING: 'on', WRITE_THROUGH: 'on' });
    for (const { name } of sharing) {
      const answer = await fetch(`${service.url}/v1/${name}/counters/timed/increment`, { method: 'POST' });
      const timing = answer.headers.get('server-timing') ?? '';
      expect(timing).toMatch(/hold;dur=\d/);
      expect(Number(/origin;dur=([\d.]+)/.exec(timing)?.[1])).toBeGreaterThan(3);
    }
  });
});

describe('ending', () => {
  it('answers every request whose headers it read, and resets no kept-alive connection', async () => {
    await using service = await startServiceUnderTest({ THREADS: '2', WRITE_THROUGH: 'on', ORIGIN_LATENCY_MS: '20' });
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const outcomes = { answered: 0, refused: 0, cut: [] as string[] };
    let stopped = false;

    const lane = async (): Promise<void> => {
      while (!stopped) {
        const sent = request(`${service.url}/v1/${anyStrategy.name}/counters/life/increment`, {
          method: 'POST',
          agent,
        });
        sent.end();
        try {
          const [answer] = await once(sent, 'response');
          answer.resume();
          await once(answer, 'end');
          outcomes.answered += 1;
        } catch (error) {
          const { code = String(error) } = error as NodeJS.ErrnoException;
          if (code !== 'ECONNREFUSED') outcomes.cut.push(`${code}, reused socket: ${sent.reusedSocket}`);
          stopped = true;
        }
      }
    };
    const lanes = Promise.all(Array.from({ length: 16 }, lane));
    while (outcomes.answered < 200) await new Promise(setImmediate);
    const code = await service.stop();
    await lanes;
    agent.destroy();
    expect(outcomes.cut.filter((line) => line.includes('reused socket: true'))).toEqual([]);
    expect(outcomes.answered).toBeGreaterThanOrEqual(200);
    expect(code).toBe(0);
  });
});

describe('a thread that dies', () => {
  const keeping = strategies.filter(({ kind, needs }) => (kind === 'strategy' || kind === 'baseline') && !needs);
  it.for(keeping)('takes nothing acknowledged along that was written through: $name', async ({ name, threads = 2 }) => {
    const environment = { PORT: '0', THREADS: String(threads), STRATEGIES: name, WRITE_THROUGH: 'on' };
    const supervisor = new Supervisor(readSettings(environment), pino({ level: 'silent' }), (error) => {
      throw error;
    });
    const url = await supervisor.start();
    const increment = async () => {
      const answer = await fetch(`${url}/v1/${name}/counters/kept/increment`, { method: 'POST' }).catch(
        () => undefined,
      );
      return answer?.ok ? ((await answer.json()) as { value: number }).value : undefined;
    };
    for (let value = 1; value <= 3; value++) expect(await increment()).toBe(value);
    for (let position = 0; position < threads; position++) {
      await supervisor.crash(position);
      const ready = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status;
      await expect.poll(ready, { timeout: 15_000 }).toBe(200);
    }
    await expect.poll(increment, { timeout: 15_000 }).toBe(4);
    expect(await supervisor.stop()).toBe(true);
  });

  it.for(sharing)('is replaced while the others go on, and nothing acknowledged is lost: $name', async ({ name }) => {
    const settings = readSettings({ PORT: '0', THREADS: '2', STRATEGIES: name });
    const supervisor = new Supervisor(settings, pino({ level: 'silent' }), (error) => {
      throw error;
    });
    const url = await supervisor.start();
    let acknowledged = 0;
    const increment = async (): Promise<void> => {
      const answer = await fetch(`${url}/v1/${name}/counters/kept/increment`, { method: 'POST' });
      if (answer.ok) acknowledged += 1;
    };
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 20 }, increment));
      await supervisor.crash(round); // position 2 is the owner's, where there is one
      // The other thread serves at once; a connection to the dead one may be refused or reset, and is tried again.
      const ready = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status;
      await expect.poll(ready, { timeout: 15_000 }).toBe(200);
    }
    const kept = (await (await fetch(`${url}/v1/${name}/counters/kept`)).json()) as { value: number };
    expect(kept.value).toBe(acknowledged);
    expect(await supervisor.stop()).toBe(true);
  });
});
