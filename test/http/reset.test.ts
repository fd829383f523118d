/** What a reset that ends early says, and what any write that may have changed something does. */
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { ServedStrategy } from '../../src/app.ts';
import {
  type ErrorCode,
  LockTimeoutError,
  OriginFailedError,
  OverloadedError,
  SharedStateError,
} from '../../src/errors.ts';
import type { HttpEnvironment } from '../../src/http/exchange.ts';
import { problemOf, problems } from '../../src/http/problems.ts';
import { adminRoutes } from '../../src/http/routes/admin.ts';
import type { Cache } from '../../src/resources/cache.ts';
import { type Call, unhurried } from '../../src/resources/call.ts';
import type { Config } from '../../src/resources/config.ts';
import type { Counters } from '../../src/resources/counters.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import { type Strategy, unsupported } from '../../src/strategies/strategy.ts';
import { LOCK_WORDS, ownedBy } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { attachAll } from '../../src/threads/attach.ts';
import { allocateMemory, cellMemory, cellName } from '../../src/threads/memory.ts';
import { anyStrategy } from '../support/served.ts';

const KEYS = 100;
const missing = unsupported('it is not asked for');
const page = { limit: 1_000, cursor: 0 };

/** Asks for a reset of these resources in process. `leave` is what a client does that goes away. */
function resetOf(resources: ServedStrategy['resources'], timeoutMs = 60_000) {
  const app = new Hono<HttpEnvironment>();
  const defects: unknown[] = [];
  const served = { strategy: anyStrategy, resources, admin: {} } as unknown as ServedStrategy;
  const onDefect = (error: unknown): void => void defects.push(error);
  adminRoutes(app, served, { adminToken: 'secret', controls: true, timeoutMs, serverTiming: false, onDefect });
  const client = new AbortController();
  return {
    leave: () => client.abort(),
    reset: async (): Promise<{ status: number; code?: ErrorCode; outcome?: string; detail?: string }> => {
      const headers = { authorization: 'Bearer secret' };
      const init = { method: 'POST', headers, signal: client.signal };
      const answer = await app.request(`/v1/${anyStrategy.name}/reset`, init);
      expect(defects).toEqual([]);
      return answer.status === 204 ? { status: 204 } : ((await answer.json()) as { status: number });
    },
  };
}

/** Counters of which each deletion is `deleted`. */
function deletedBy(deleted: (key: string, call: Call) => Promise<boolean>): ServedStrategy['resources'] {
  const names = Array.from({ length: KEYS }, (_, at) => ({ key: `c${at}`, value: at }));
  const counters = {
    list: () => ({ counters: names, total: names.length, cursor: undefined }),
    delete: deleted,
  };
  const resources: Record<string, unknown> = { counters, cache: missing, connections: missing, config: missing };
  return resources as unknown as ServedStrategy['resources'];
}

const changedNothing = { status: 503, outcome: 'not-applied' };
const mayHaveChanged = { status: 504, code: 'OUTCOME_UNKNOWN', outcome: 'unknown' };

describe('a reset that ends early', () => {
  it('at its deadline has changed a part, and says so', async () => {
    const { reset } = resetOf(
      deletedBy(async (_key, { signal }) => {
        if (!signal.aborted) await once(signal, 'abort');
        return true;
      }),
      20,
    );
    const { detail, ...answer } = await reset();
    expect(answer).toMatchObject(mayHaveChanged);
    expect(detail).toContain('DEADLINE');
  });

  it('before anything was there to be changed has changed nothing', async () => {
    const { reset, leave } = resetOf(
      deletedBy(async () => {
        leave();
        return false; // another one had deleted it
      }),
    );
    expect(await reset()).toMatchObject({ ...changedNothing, code: 'DEADLINE' });
  });

  it('with every deletion refused has changed nothing', async () => {
    const { reset } = resetOf(deletedBy(() => Promise.reject(new OverloadedError('too many'))));
    expect(await reset()).toMatchObject({ ...changedNothing, code: 'OVERLOADED' });
  });

  it('with one deletion refused has changed a part, and goes on with nothing once it is answered', async () => {
    let [begun, ended] = [0, 0];
    const { reset } = resetOf(
      deletedBy(async (key) => {
        begun += 1;
        if (key === 'c0') throw new LockTimeoutError('counters', 1);
        await new Promise(setImmediate);
        ended += 1;
        return true;
      }),
    );
    expect(await reset()).toMatchObject(mayHaveChanged);
    expect([begun < KEYS, ended]).toEqual([true, begun - 1]);
  });

  it('with a deletion of which nobody knows what became says that, beside refusals', async () => {
    const failed = new OriginFailedError('the origin is gone', 'unknown');
    const refused = new OverloadedError('too many');
    const { reset } = resetOf(deletedBy((key) => Promise.reject(key === 'c1' ? failed : refused)));
    expect(await reset()).toMatchObject(mayHaveChanged);
  });
});

it('a reset of which a later resource fails has changed what the earlier ones had, and nothing where they had nothing', async () => {
  const config = { replace: () => Promise.reject(new OverloadedError('too many')) } as unknown as Config;
  const none = { list: () => ({ counters: [], total: 0, cursor: undefined }) } as unknown as Counters;
  expect(await resetOf({ ...deletedBy(() => Promise.resolve(true)), config }).reset()).toMatchObject(mayHaveChanged);
  expect(await resetOf({ counters: none, cache: missing, connections: missing, config }).reset()).toMatchObject(
    changedNothing,
  );
  const cache = { clear: () => Promise.resolve() } as unknown as Cache;
  expect(await resetOf({ counters: none, cache, connections: missing, config }).reset()).toMatchObject(mayHaveChanged);
});

/** A strategy as its only thread sees it; those whose state another thread owns are left out. */
const alone = strategies.filter(
  ({ kind, needs, cells }) =>
    (kind === 'strategy' || kind === 'baseline') && needs === undefined && !('own' in cells.counters),
);

async function attached(strategy: Strategy) {
  const settings = readSettings({ THREADS: '1', LOCK_TIMEOUT_MS: '60000', ORIGIN_DOCUMENTS: '1' });
  const memory = allocateMemory(settings, [strategy]);
  const threads = new ThreadTable(memory.threads);
  const [slot, other] = [ThreadTable.slot(0, 0), ThreadTable.slot(1, 0)];
  threads.enter(slot);
  threads.enter(other);
  const { port1: originPort } = new MessageChannel();
  const attachment = { settings, memory, slot, originPort, originEpoch: 1, ownerPorts: {} };
  const { served } = await attachAll(attachment, [strategy]);
  originPort.close();
  const { locks } = cellMemory(memory, cellName(strategy, 'counters'));
  const setLocks = (word: number): void => {
    for (let line = 0; line < locks.length; line += LOCK_WORDS) Atomics.store(locks, line, word);
  };
  const { resources } = served[0]!;
  const counters = resources.counters as Counters;
  for (let at = 0; at < KEYS; at++) await counters.increment(`c${at}`, 1, unhurried);
  const total = async (): Promise<number> => (await counters.list(page, unhurried)).total;
  return { resources, counters, total, hold: () => setLocks(ownedBy(other)), release: () => setLocks(0) };
}

describe.for(alone)('a reset under $name', (strategy) => {
  it('whose client leaves says that a part is gone, and can be asked again', async () => {
    const { resources, counters, total } = await attached(strategy);
    const { reset, leave } = resetOf({
      ...resources,
      counters: {
        ...counters,
        list: (...all) => counters.list(...all),
        async delete(...all) {
          const deleted = await counters.delete(...all);
          leave();
          return deleted;
        },
      },
    });
    expect(await reset()).toMatchObject(mayHaveChanged);
    const left = await total();
    expect([left > 0, left < KEYS]).toEqual([true, true]);
    expect(await resetOf(resources).reset()).toEqual({ status: 204 });
    expect(await total()).toBe(0);
  });

  it.skipIf(strategy.threads === 1)('that gets no lock has changed nothing', async () => {
    const { resources, total, hold, release } = await attached(strategy);
    hold();
    expect(await resetOf(resources, 20).reset()).toMatchObject(changedNothing);
    release();
    expect(await total()).toBe(KEYS);
  });
});

class SomeError extends SharedStateError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super('nothing changed', 'unknown');
    this.code = code;
  }
}

it('no write that may have changed something is answered as if nothing had', () => {
  for (const code of Object.keys(problems) as ErrorCode[]) {
    const { status, body } = problemOf(new SomeError(code), { requestId: 'r', write: true });
    expect([500, 501, 502, 504]).toContain(status);
    expect(JSON.parse(body)).toMatchObject({ outcome: 'unknown' });
    const isAnotherCode = status !== problems[code][0];
    expect(isAnotherCode && body.includes('nothing changed')).toBe(false);
  }
  const read = problemOf(new SomeError('LOCK_TIMEOUT'), { requestId: 'r', write: false });
  expect([read.status, JSON.parse(read.body)]).toMatchObject([503, { code: 'LOCK_TIMEOUT' }]);
});
