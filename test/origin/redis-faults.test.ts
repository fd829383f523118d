import { describe, expect, it } from 'vitest';
import type { OriginWrite } from '../../src/origin/origin.ts';
import { appliedWrites, type AppliedWrite } from '../support/append-only-file.ts';
import { audit } from '../support/fault-audit.ts';
import type { BookedWrite } from '../support/fault-writer.ts';
import { type Fault, FaultyProxy } from '../support/faulty-proxy.ts';
import { runRedisFaults } from '../support/redis-faults.ts';
import { connectOrigin } from '../support/redis-rig.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const CELL = 'one/counters';
const NAMESPACE = 'faults';
const NOTHING = { lost: [], twice: [], undone: [], denied: [], garbled: [], misread: [] };

const write = (key: string, version: number): OriginWrite => ({ key: `${CELL}/${key}`, value: version * 10, version });

describe.skipIf(redisProgram === undefined)('Redis in trouble', () => {
  it('answers within the deadline while Redis is stopped, and goes on when it goes on', async () => {
    await using server = await RedisServer.start();
    await using origin = await connectOrigin({ url: server.url, namespace: NAMESPACE, timeoutMs: 300 });
    await origin.store([write('a', 1)]);
    server.pause();
    const startedMs = performance.now();
    const stored = origin.store([write('a', 2)]);
    await expect(stored).rejects.toMatchObject({ code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(299);
    expect(tookMs).toBeLessThan(1_300); // the rest is scheduling
    // In the end the silent connection is left, and what comes then is known not to have been sent.
    const outcome = async () => origin.store([write('b', 1)]).catch((error: Error) => error);
    await expect.poll(outcome, { timeout: 5_000 }).toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'not-applied' });
    server.resume();
    await expect.poll(() => origin.store([write('a', 3)]).catch((error: Error) => error)).toBeUndefined();
    expect(await origin.load(`${CELL}/a`)).toEqual({ value: 30, version: 3 });
  });

  it('has everything that was acknowledged after a crash and a restart', async () => {
    await using server = await RedisServer.start({ durable: true });
    await using before = await connectOrigin({ url: server.url, namespace: NAMESPACE });
    for (let version = 1; version <= 20; version++) await before.store([write('a', version), write(`b${version}`, 1)]);
    await server.restart();
    await using after = await connectOrigin({ url: server.url, namespace: NAMESPACE });
    const found = await Array.fromAsync(after.restore(CELL));
    expect(found).toHaveLength(21);
    expect(found.find(({ key }) => key === 'a')).toMatchObject({ value: 200, version: 20 });
    await before[Symbol.asyncDispose]();
    await after.store([write('a', 1)]);
    expect(await after.load(`${CELL}/a`)).toEqual({ value: 10, version: 1 }); // of a later epoch, so newer
  });

  it.for(['lose-reply', 'cut-reply', 'lose-request'] as const)(
    'cannot know what became of a write (%s), and the retry is applied once',
    async (fault) => {
      const faults: Fault[] = [];
      await using server = await RedisServer.start({ durable: true });
      await using proxy = await FaultyProxy.start({ upstream: server.url, fault: () => faults.shift() ?? 'none' });
      await using origin = await connectOrigin({ url: proxy.url, directUrl: server.url, namespace: NAMESPACE });
      await origin.store([write('a', 1)]);
      faults.push(fault);
      const lost = origin.store([write('a', 2)]);
      await expect(lost).rejects.toMatchObject({ code: 'ORIGIN_FAILED', outcome: 'unknown' });
      await origin.connected();
      await origin.store([write('a', 2)]);
      const applied = appliedWrites(await server.appendOnlyFiles());
      expect(applied.map(({ key, version }) => [key, version])).toEqual([
        ['a', 1],
        ['a', 2],
      ]);
    },
  );

  it('stores 30 writes exactly once each although 15 replies are lost', async () => {
    let asked = 0;
    await using server = await RedisServer.start({ durable: true });
    const fault = (): Fault => (++asked % 2 === 0 && asked <= 30 ? 'lose-reply' : 'none');
    await using proxy = await FaultyProxy.start({ upstream: server.url, fault });
    await using origin = await connectOrigin({ url: proxy.url, directUrl: server.url, namespace: NAMESPACE });
    let unknown = 0;
    for (let version = 1; version <= 30; version++) {
      for (;;) {
        const failure = await origin.store([write('a', version)]).catch((error: { outcome: string }) => error);
        if (failure === undefined) break;
        if (failure.outcome === 'unknown') unknown += 1;
        await origin.connected();
      }
    }
    expect(proxy.faults).toBe(15);
    expect(unknown).toBe(15);
    expect(await origin.load(`${CELL}/a`)).toEqual({ value: 300, version: 30 });
    const versions = appliedWrites(await server.appendOnlyFiles()).map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  });

  it('loses nothing and applies nothing twice in rounds of every kind of trouble', async () => {
    const run = await runRedisFaults({ rounds: 15, seed: 2026 });
    expect(run.findings).toEqual(NOTHING);
    expect(run.tally.late).toBe(0);
    expect(run.tally.unknown).toBeGreaterThan(0);
    expect(run.applied).toBeGreaterThan(100);
  });
});

const booked = (version: number, more: Partial<BookedWrite> = {}): BookedWrite => ({
  keys: ['k'],
  version,
  value: version,
  acknowledged: true,
  notApplied: false,
  ...more,
});
const applied = (version: number, value = version): AppliedWrite => ({
  hash: 'h',
  key: 'k',
  epoch: 1,
  version,
  value,
});

describe('the audit', () => {
  const restored = (version: number) => new Map([['k', applied(version)]]);

  it('finds nothing where nothing is wrong', () => {
    expect(audit([booked(1), booked(2)], [applied(1), applied(2)], restored(2))).toEqual(NOTHING);
  });

  it.for([
    ['lost', [booked(1), booked(2)], [applied(2)], 2],
    ['twice', [booked(1)], [applied(1), applied(1)], 1],
    ['undone', [booked(1), booked(2)], [applied(2), applied(1)], 1],
    ['denied', [booked(1, { acknowledged: false, notApplied: true })], [applied(1)], 1],
    ['garbled', [booked(1)], [applied(1, 7)], 1],
    ['misread', [booked(1), booked(2)], [applied(1), applied(2)], 1],
  ] as const)('finds what is %s', ([finding, books, changes, kept]) => {
    expect(audit(books, changes, restored(kept))[finding]).toHaveLength(1);
  });
});
