/** What `reset` costs and when it ends, under every strategy, in process. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServedStrategy } from '../../src/app.ts';
import type { HttpEnvironment } from '../../src/http/exchange.ts';
import { adminRoutes } from '../../src/http/routes/admin.ts';
import { unhurried } from '../../src/resources/call.ts';
import type { Connections } from '../../src/resources/connections.ts';
import type { Counters } from '../../src/resources/counters.ts';
import { readSettings } from '../../src/settings.ts';
import { unsupported } from '../../src/strategies/strategy.ts';
import { attached, visited } from '../support/attached.ts';
import { sharing } from '../support/served.ts';

const MANY = 600;
/** What `reset` takes out at a time. */
const AT_ONCE = 32;
const TIMEOUT_MS = 60_000;

/** What waits for a lock when the call ends is not done. */
const isSecondBatch = (gone: number): boolean => gone > AT_ONCE && gone <= 2 * AT_ONCE;

const settings = readSettings({ SHARDS: '16' });
const call = unhurried;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Counters of which the one that is deleted as the `times`-th does something before. */
function meeting(counters: Counters, times: number, happens: () => void) {
  let deleted = 0;
  const watched: Counters = Object.create(counters, {
    delete: {
      value: (...args: Parameters<Counters['delete']>) => {
        if (++deleted === times) happens();
        return counters.delete(...args);
      },
    },
  });
  return { watched, deleted: () => deleted };
}

describe.each(sharing)('$name', (strategy) => {
  async function filled(size: number) {
    const counters = (await attached(strategy, 'counters', settings)) as Counters;
    const connections = (await attached(strategy, 'connections', settings)) as Connections;
    for (let at = 0; at < size; at++) {
      await counters.increment(`key-${at}`, 1, call);
      await connections.register(`id-${at}`, { room: 'r', details: '"room":"r"', holder: undefined }, call);
    }
    const left = async () => (await counters.list({ limit: 1, cursor: 0 }, call)).total;
    return { counters, connections, left };
  }

  function resetOf(counters: Counters, connections: Connections, signal = new AbortController().signal) {
    const app = new Hono<HttpEnvironment>();
    const nothing = unsupported('not looked at here');
    const resources = { counters, connections, cache: nothing, config: nothing };
    const options = { adminToken: 'token', controls: true, timeoutMs: TIMEOUT_MS, serverTiming: false };
    adminRoutes(app, { strategy, resources } as unknown as ServedStrategy, { ...options, onDefect: () => {} });
    const headers = { authorization: 'Bearer token' };
    return app.request(`/v1/${strategy.name}/reset`, { method: 'POST', headers, signal });
  }

  async function looksFor(size: number): Promise<number> {
    const { counters, connections, left } = await filled(size);
    const looks = visited();
    expect((await resetOf(counters, connections)).status).toBe(204);
    const count = looks();
    vi.restoreAllMocks();
    expect(await left()).toBe(0);
    return count;
  }

  it('looks at twice as much for twice as many', async () => {
    expect((await looksFor(MANY)) / (await looksFor(MANY / 2))).toBeLessThan(2.5);
  });

  it('stops when its client leaves', async () => {
    const { counters, connections, left } = await filled(MANY);
    const client = new AbortController();
    const { watched, deleted } = meeting(counters, 2 * AT_ONCE, () => client.abort());
    await resetOf(watched, connections, client.signal);
    expect(deleted()).toBe(2 * AT_ONCE);
    expect(MANY - (await left())).toSatisfy(isSecondBatch);
  });

  it('stops when its time is over', async () => {
    const { counters, connections, left } = await filled(MANY);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { watched, deleted } = meeting(counters, 2 * AT_ONCE, () => vi.advanceTimersByTime(TIMEOUT_MS));
    await resetOf(watched, connections);
    expect(deleted()).toBe(2 * AT_ONCE);
    expect(MANY - (await left())).toSatisfy(isSecondBatch);
  });

  it('lets others be served after each slice', async () => {
    const { counters, connections } = await filled(MANY);
    const reset = Promise.resolve(resetOf(counters, connections));
    let served = 0;
    let status = 0;
    for (; status === 0; served++) {
      await counters.increment('another', 1, call);
      ({ status } = await Promise.race([reset, nextTurn({ status })]));
    }
    expect(status).toBe(204);
    expect(served).toBeGreaterThan(MANY / AT_ONCE); // of as many slices of counters, and as many of connections
  });
});
