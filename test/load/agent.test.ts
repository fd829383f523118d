import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { agent } from '../../load/agent/agent.ts';
import { agentApp } from '../../load/agent/app.ts';
import { PROTOCOL, serviceRequest } from '../../load/agent/protocol.ts';
import { openRemoteHost } from '../../load/agent/remote-host.ts';
import { Sessions } from '../../load/agent/sessions.ts';
import { describeMachine } from '../../load/machine.ts';
import { registry } from '../../load/registry.ts';
import type { ServiceHost } from '../../load/service-host.ts';
import { workloads } from '../../load/workloads/index.ts';

const TOKEN = 'a-token-of-some-length';

/** A host whose services are nothing but a count of them. */
function fakeHost() {
  const state = { running: 0, started: 0, hostsOpen: 0 };
  const open = async (): Promise<ServiceHost> => {
    state.hostsOpen++;
    return {
      machine: describeMachine(),
      isRemote: false,
      origin: 'embedded',
      async start() {
        state.running++;
        state.started++;
        let over = false;
        const end = async (): Promise<void> => {
          if (!over) state.running--;
          over = true;
        };
        const use = { serviceCpuMs: 1, foreignCores: undefined, stealShare: 0, busyShare: 0.5 };
        return {
          url: 'http://127.0.0.1:4000',
          include: () => {},
          use: async () => use,
          stop: end,
          [Symbol.asyncDispose]: end,
        };
      },
      async [Symbol.asyncDispose]() {
        state.hostsOpen--;
      },
    };
  };
  return { state, open };
}

function agentOf() {
  const { state, open } = fakeHost();
  const sessions = new Sessions(open, () => {});
  const app = agentApp(TOKEN, sessions);
  const ask = async (method: string, path: string, body?: unknown, token = TOKEN) => {
    const response = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, answer: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>) };
  };
  const begin = async (): Promise<string> => {
    const { answer } = await ask('POST', '/sessions', { protocol: PROTOCOL, origin: 'embedded' });
    return `/sessions/${String(answer!['id'])}`;
  };
  return { state, sessions, ask, begin };
}

const wanted = { strategy: 'sync-lock', threads: 2, environment: { HOLD_US: '200' } };

describe('the agent', () => {
  it.each([
    ['no token', undefined],
    ['another token', 'Bearer wrong'],
    ['another scheme', `Basic ${TOKEN}`],
  ])('answers nothing with %s', async (_, authorization) => {
    const { open, state } = fakeHost();
    const app = agentApp(TOKEN, new Sessions(open, () => {}));
    for (const [method, path] of [
      ['GET', '/clock'],
      ['POST', '/sessions'],
      ['DELETE', '/sessions/x'],
    ]) {
      const response = await app.request(path!, {
        method: method!,
        headers: authorization === undefined ? {} : { authorization },
      });
      expect([400, 401]).toContain(response.status);
      expect(await response.json()).toMatchObject({ code: 'UNAUTHORIZED' });
    }
    expect(state.hostsOpen).toBe(0);
  });

  it('starts one service of one comparison at a time', async () => {
    const { ask, begin, state } = agentOf();
    const session = await begin();
    expect(await ask('POST', '/sessions', { protocol: PROTOCOL, origin: 'embedded' })).toMatchObject({ status: 409 });
    expect(await ask('POST', `${session}/service`, wanted)).toMatchObject({ status: 201, answer: { port: 4000 } });
    expect(await ask('POST', `${session}/service`, wanted)).toMatchObject({ status: 409 });
    expect(await ask('GET', `${session}/service/use?fromUnixMs=1&toUnixMs=2`)).toMatchObject({
      status: 200,
      answer: { serviceCpuMs: 1 },
    });
    expect(await ask('DELETE', `${session}/service`)).toMatchObject({ status: 204 });
    expect(await ask('DELETE', `${session}/service`)).toMatchObject({ status: 404 });
    expect(await ask('POST', `${session}/service`, wanted)).toMatchObject({ status: 201 });
    expect(await ask('DELETE', session)).toMatchObject({ status: 204 });
    expect(state).toMatchObject({ running: 0, hostsOpen: 0, started: 2 });
  });

  it.each([
    ['a body that is not JSON', '{', 'the body is not JSON'],
    ['no strategy', { ...wanted, strategy: undefined }, 'strategy'],
    ['an unknown strategy', { ...wanted, strategy: '../x' }, 'strategy'],
    ['too many threads', { ...wanted, threads: 1_000 }, 'threads'],
    ['a part of a thread', { ...wanted, threads: 1.5 }, 'threads'],
    ['a setting that is not for comparisons', { ...wanted, environment: { NODE_OPTIONS: '--inspect' } }, 'environment'],
    ['where to listen', { ...wanted, environment: { HOST: '0.0.0.0' } }, 'environment'],
    ['a value that is no setting', { ...wanted, environment: { HOLD_US: '1 && reboot' } }, 'HOLD_US'],
    ['something more', { ...wanted, entry: '/bin/sh' }, 'entry'],
  ])('refuses %s, and starts nothing', async (_, body, named) => {
    const { ask, begin, state } = agentOf();
    const { status, answer } = await ask('POST', `${await begin()}/service`, body);
    expect(status).toBe(400);
    expect(answer).toMatchObject({ code: 'BAD_REQUEST', detail: expect.stringContaining(named) as string });
    expect(state.started).toBe(0);
  });

  it('refuses another version, a body that is too large, what it does not know', async () => {
    const { ask, begin } = agentOf();
    const other = await ask('POST', '/sessions', { protocol: PROTOCOL + 1, origin: 'embedded' });
    expect(other).toMatchObject({ status: 400 });
    expect(other.answer!['detail']).toContain('same version');
    const large = { ...wanted, strategy: 'x'.repeat(20_000) };
    expect(await ask('POST', `${await begin()}/service`, large)).toMatchObject({ status: 413 });
    expect(await ask('GET', '/nothing')).toMatchObject({ status: 404, answer: { code: 'NOT_FOUND' } });
    expect(await ask('POST', '/sessions/other/service', wanted)).toMatchObject({ status: 404 });
  });

  it('ends what a comparison left that fell silent', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { ask, begin, state } = agentOf();
    const session = await begin();
    await ask('POST', `${session}/service`, wanted);
    await vi.advanceTimersByTimeAsync(119_000);
    expect(await ask('PUT', `${session}/alive`)).toMatchObject({ status: 204 });
    await vi.advanceTimersByTimeAsync(119_000);
    expect(state).toMatchObject({ running: 1, hostsOpen: 1 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state).toMatchObject({ running: 0, hostsOpen: 0 });
    expect(await ask('PUT', `${session}/alive`)).toMatchObject({ status: 404 });
    await begin();
    expect(state.hostsOpen).toBe(1);
  });

  it('ends a service that lives longer than any run', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { ask, begin, state } = agentOf();
    const session = await begin();
    await ask('POST', `${session}/service`, wanted);
    for (let minute = 0; minute < 31; minute++) {
      await vi.advanceTimersByTimeAsync(60_000);
      await ask('PUT', `${session}/alive`);
    }
    expect(state).toMatchObject({ running: 0, hostsOpen: 1 });
  });

  it('knows every setting that a workload or a candidate asks for', () => {
    const environments = [...workloads, ...registry].map(({ environment = {} }) => environment);
    for (const environment of environments) {
      expect(serviceRequest.safeParse({ ...wanted, environment })).toMatchObject({ success: true });
    }
  });
});

describe('an agent in a process of its own', () => {
  it('starts, watches and stops real services, and leaves none', async () => {
    const interrupt = new AbortController();
    const lines: string[] = [];
    const listening = Promise.withResolvers<URL>();
    const running = agent(['--port', '0'], {
      serviceEntry: fileURLToPath(new URL('../support/fake-service.ts', import.meta.url)),
      environment: { AGENT_TOKEN: TOKEN },
      signal: interrupt.signal,
      print: (text) => {
        lines.push(text);
        const address = /http:\S+/u.exec(text)?.[0];
        if (address !== undefined) listening.resolve(new URL(address));
      },
      printError: (text) => lines.push(text),
    });
    const url = await listening.promise;
    const signal = AbortSignal.timeout(60_000);
    await expect(
      openRemoteHost({ url, token: 'another-token-of-some-length', origin: 'embedded', signal }),
    ).rejects.toThrow('wants the token');
    {
      await using host = await openRemoteHost({ url, token: TOKEN, origin: 'embedded', signal });
      expect(host).toMatchObject({ isRemote: true, origin: 'embedded, 5 ms', machine: describeMachine() });
      await using service = await host.start(wanted, signal);
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
      const now = Date.now();
      expect(await service.use(now - 100_000, now - 90_000)).toMatchObject({ serviceCpuMs: undefined });
      await service.stop();
      await expect(fetch(`${service.url}/healthz`)).rejects.toThrow();
      await using _left = await host.start(wanted, signal); // ended with its session
    }
    interrupt.abort();
    expect(await running).toBe(0);
    expect(lines.join('\n')).not.toContain('AGENT_TOKEN=');
    const gone = openRemoteHost({ url, token: TOKEN, origin: 'embedded', signal });
    await expect(gone).rejects.toThrow(/cannot be reached/u);
  });

  it.each([
    [['--port', 'x'], {}, 2, '--port'],
    [['--unknown'], {}, 2, '--unknown'],
    [[], { AGENT_TOKEN: 'short' }, 2, 'needs 16'],
    [[], { AGENT_TOKEN: 'with blanks in it, and long' }, 2, 'AGENT_TOKEN may have'],
    [['--help'], {}, 0, 'AGENT_TOKEN'],
  ])('refuses or explains %j', async (args, environment, code, text) => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const { signal } = new AbortController();
    const ended = await agent(args, { serviceEntry: '', environment, signal, print, printError: print });
    expect(ended).toBe(code);
    expect(lines.join('\n')).toContain(text);
  });
});
