/** Caches under load on real threads: recorded histories, a stampede, and threads that die in the middle of a change. */
import { describe, expect, it, vi } from 'vitest';
import { strategies } from '../../src/strategies/index.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import { type CacheLoad, type CacheOperation, staleReads } from '../support/cache-history.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { control } from '../support/served.ts';

vi.setConfig({ testTimeout: 120_000 });

const serving = strategies.filter(({ cells }) => !('unsupported' in cells.cache));
const promising = serving.filter(({ kind }) => kind !== 'control');
const shared = promising.filter(({ threads }) => threads === undefined);

const load: CacheLoad = { keys: 2, operations: 120, clients: 6, ttlMs: 20, seed: 1 };
const hurried = { ORIGIN_LATENCY_MS: '2', ORIGIN_JITTER_MS: '2', CACHE_TTL_MS: '20' };
const unhurried = { ORIGIN_TIMEOUT_MS: '20000', LOCK_TIMEOUT_MS: '20000' };

async function stale(strategy: Strategy, threads: number): Promise<{ found: string[]; history: CacheOperation[] }> {
  await using rig = await startRig({ strategy, threads, settings: { ...hurried, ...unhurried } });
  const histories = await rig.onEachThread({ recordCache: load, times: 1 });
  const history = histories.flat(2) as CacheOperation[];
  return { found: staleReads(history, rig.origin.stored), history };
}

describe.each(promising)('recorded histories of $name, with deletions and copies that live for 20 ms', (strategy) => {
  it.each(strategy.threads === 1 ? [1] : [2, 4])(
    'have no read of an old document after a write was acknowledged (%i threads)',
    async (threads) => {
      const { found, history } = await stale(strategy, threads);
      expect(found).toEqual([]);
      expect(history).toHaveLength(threads * load.clients * load.operations);
      const seen = new Set(history.map(({ status }) => status));
      expect(seen).toContain('hit');
      expect(seen).toContain('miss');
    },
  );
});

it.runIf(control !== undefined)('recorded histories of the control have such reads', async () => {
  const { found } = await stale(control!, 2);
  expect(found.length).toBeGreaterThan(0);
});

describe.each(shared)('10,000 reads of a document that nobody has, under $name', (strategy) => {
  it.each([2, 4])('cause one load (%i threads)', async (threads) => {
    const settings = { ...unhurried, MAX_WAITING: '10000', MAILBOX_CAPACITY: '16384', REQUEST_TIMEOUT_MS: '30000' };
    await using rig = await startRig({ strategy, threads, settings });
    const times = 10_000 / threads;
    const reads = await rig.onEachThread({ readDocument: 'doc-9', withinMs: 30_000, times, concurrency: times });
    const found = new Set(reads.flat().map((read) => (read as { etag: string }).etag));
    expect([found.size, rig.origin.loads]).toEqual([1, 1]);
    const { hits, misses, originLoads } = await rig.cacheOn(0).stats();
    expect([hits + misses, originLoads]).toEqual([10_000, 1]);
  });
});

describe.each(shared)('a thread that dies in the middle of a change, under $name', (strategy) => {
  it('leaves a cache that the next one repairs', async () => {
    await using rig = await startRig({
      strategy,
      threads: 2,
      settings: { ...unhurried, CONTROLS: 'on', MAILBOX_WAIT_MS: '20000' },
    });
    for (let at = 0; at < 5; at++) await rig.cacheOn(0).write(`kept-${at}`, String(at));
    for (const change of ['write', 'overwrite', 'forget'] as const) {
      rig.dieMidway('cache');
      await dies(rig, change, strategy);
      for (let at = 1; at < 5; at++) {
        expect(await rig.cacheOn(at % 2).read(`kept-${at}`)).toMatchObject({ status: 'hit' });
      }
      await rig.cacheOn(1).write('kept-0', '0');
      expect(await rig.cacheOn(0).read('kept-0')).toMatchObject({ text: '{"key":"kept-0","value":0}' });
    }
    const all = ['new', ...Array.from({ length: 5 }, (_, at) => `kept-${at}`)];
    for (const key of all) await rig.cacheOn(1).forget(key);
    expect(await rig.cacheOn(0).stats()).toMatchObject({ entries: 0, bytes: 0 });
  });
});

/** Has the one who makes the change die in it, and waits until somebody is in its place. */
async function dies(rig: Rig, change: 'write' | 'overwrite' | 'forget', { cells }: Strategy): Promise<void> {
  const hasOwner = 'own' in cells.cache && cells.cache.own !== undefined;
  const replaced = hasOwner ? rig.ownerReplaced() : rig.replaced(0);
  const cache = rig.cacheOn(0);
  const changed =
    change === 'forget' ? cache.forget('kept-0') : cache.write(change === 'write' ? 'new' : 'kept-0', '"half"');
  changed.catch(() => {}); // an owner's askers are told; of a dead thread nobody hears
  await replaced;
}
