/** What a cache promises, case by case; run for every strategy, across real threads. */
import { expect } from 'vitest';
import type { SeenDocument } from '../support/rig-operations.ts';
import { allBegan, everywhere, last, patientOrigin, valueOf } from './cache-contract-helpers.ts';
import { overlapContract } from './cache-overlap-contract.ts';
import type { ContractCase } from './counters-contract.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const largeValue = (at: number): string => JSON.stringify('x'.repeat(8_000 + (at % 13) * 1_500));

export const cacheContract: readonly ContractCase[] = [
  ...overlapContract,
  {
    name: 'loads what it lacks, and from then on every thread has the same bytes',
    async run(rig) {
      const first = await rig.cacheOn(0).read('doc-7');
      expect(first).toMatchObject({ status: 'miss', stored: true, collapsed: false, keptForMs: 30_000 });
      expect(JSON.parse(first.text!)).toMatchObject({ key: 'doc-7', value: { title: expect.any(String) } });
      for (const cache of everywhere(rig)) {
        const hit = { text: first.text, etag: first.etag, status: 'hit', stored: false, collapsed: false };
        expect(await cache.read('doc-7')).toMatchObject(hit);
      }
      expect(rig.origin.loads).toBe(1);
    },
  },
  {
    name: 'says so when there is no document, and keeps nothing of it',
    async run(rig) {
      const missing = { text: undefined, status: 'miss', stored: false };
      expect(await rig.cacheOn(0).read('none')).toMatchObject(missing);
      expect(await last(rig).read('none')).toMatchObject(missing);
      expect(await rig.cacheOn(0).stats()).toMatchObject({ entries: 0, bytes: 0, misses: 2, originLoads: 2 });
    },
  },
  {
    name: 'shows every thread what was written last, with an ETag that depends on the document alone',
    async run(rig) {
      const tags = new Set<string>();
      for (let round = 0; round < 20; round++) {
        await rig.cacheOn(round % rig.threads).write('seen', `{"n":${round % 5}}`);
        for (const cache of everywhere(rig)) {
          const seen = await cache.read('seen');
          expect(seen).toMatchObject({ text: `{"key":"seen","value":{"n":${round % 5}}}`, status: 'hit' });
          tags.add(seen.etag!);
        }
      }
      expect(tags.size).toBe(5);
    },
  },
  {
    name: 'forgets its copy when told to, and not the document',
    async run(rig) {
      await last(rig).write('kept', '1');
      expect(await last(rig).read('kept')).toMatchObject({ status: 'hit' });
      await rig.cacheOn(0).forget('kept');
      expect(await rig.cacheOn(0).stats()).toMatchObject({ entries: 0, bytes: 0 });
      const again = await last(rig).read('kept');
      expect([valueOf(again), again.status]).toEqual([1, 'miss']);
      await rig.cacheOn(0).forget('never there');
    },
  },
  {
    name: 'forgets every copy at once when told to',
    async run(rig) {
      for (let at = 0; at < 40; at++) await rig.cacheOn(at % rig.threads).read(`doc-${at}`);
      expect(await last(rig).stats()).toMatchObject({ entries: 40 });
      await last(rig).clear();
      expect(await rig.cacheOn(0).stats()).toMatchObject({ entries: 0, bytes: 0, originLoads: 40 });
      expect(await rig.cacheOn(0).read('doc-0')).toMatchObject({ status: 'miss', stored: true });
    },
  },
  {
    name: 'serves nothing for longer than its time',
    async run(rig) {
      await rig.cacheOn(0).write('short', '"old"', 20);
      await rig.cacheOn(0).write('long', '"old"', 60_000);
      let seen: SeenDocument;
      do seen = await last(rig).read('short');
      while (seen.status === 'hit');
      expect(seen).toMatchObject({ status: 'stale', stored: true, keptForMs: 30_000 });
      expect(await rig.cacheOn(0).read('short')).toMatchObject({ status: 'hit' });
      expect(await rig.cacheOn(0).read('long')).toMatchObject({ status: 'hit', keptForMs: 60_000 });
      expect(await last(rig).stats()).toMatchObject({ expired: 1, evictions: 0, originLoads: 1 });
    },
  },
  {
    name: 'keeps a copy for the time that passes, on every thread, however the wall clock is set',
    async run(rig) {
      const ttlMs = 100_000;
      await rig.cacheOn(0).write('kept', '"old"', ttlMs);
      for (const byMs of [31_000, ttlMs, -HOUR_MS, 13 * DAY_MS, -20 * DAY_MS]) {
        rig.setWall(byMs);
        for (const cache of everywhere(rig)) {
          const seen = await cache.read('kept');
          expect(seen).toMatchObject({ status: 'hit', keptForMs: ttlMs });
          expect(seen.ageMs).toBeLessThan(ttlMs);
        }
      }
      rig.pass(40_000);
      expect((await last(rig).read('kept')).ageMs).toBeGreaterThanOrEqual(40_000);
      for (const days of [0, 13, 24, 50]) {
        rig.setWall(-HOUR_MS);
        rig.pass(ttlMs + days * DAY_MS);
        // Asked for by all at once, it is loaded anew, and its last use makes nobody see it again.
        const reads = await rig.onEachThread({ readDocument: 'kept', withinMs: 30_000, times: 8, concurrency: 8 });
        const seen = reads.flat() as SeenDocument[];
        expect(seen.filter(({ keptForMs, ageMs }) => keptForMs !== 30_000 || ageMs! >= 30_000)).toEqual([]);
        expect(seen.some(({ status }) => status === 'stale')).toBe(true);
      }
    },
  },
  {
    name: 'loads once for all who want a document at the same time, on all threads',
    settings: patientOrigin,
    async run(rig) {
      rig.origin.hold();
      const reads = rig.onEachThread({ readDocument: 'doc-1', withinMs: 30_000, times: 50, concurrency: 50 });
      await rig.origin.held(1);
      await allBegan(rig);
      rig.origin.release();
      const seen = (await reads).flat() as SeenDocument[];
      expect(new Set(seen.map(({ text, etag }) => `${etag} ${text}`)).size).toBe(1);
      expect(rig.origin.loads).toBe(1);
      expect(seen.filter(({ status, collapsed }) => status === 'miss' && !collapsed)).toHaveLength(1);
    },
  },
  {
    name: 'counts every read, and every miss that did not wait for another as a load',
    async run(rig) {
      const work = { withinMs: 30_000, times: 30, concurrency: 10 };
      for (let at = 0; at < 12; at++) await rig.onEachThread({ readDocument: `doc-${at % 6}`, ...work });
      const stats = await rig.cacheOn(0).stats();
      expect(stats.hits + stats.misses).toBe(12 * 30 * rig.threads);
      expect([stats.misses - stats.collapsed, stats.originLoads]).toEqual([6, 6]);
      expect(stats).toMatchObject({ entries: 6, evictions: 0, expired: 0 });
      expect(await last(rig).stats()).toEqual(stats);
    },
  },
  {
    name: 'never takes more room than it has: who was not used for long leaves, who is used all the time stays',
    settings: { CACHE_MEMORY_MB: '1', ORIGIN_LATENCY_MS: '0' },
    async run(rig) {
      await rig.cacheOn(0).write('hot', largeValue(1));
      for (let at = 0; at < 120; at++) {
        await rig.cacheOn(at % rig.threads).write(`cold-${at}`, largeValue(at));
        if (at % 8 === 0)
          expect(await rig.cacheOn((at >> 3) % rig.threads).read('hot')).toMatchObject({ status: 'hit' });
      }
      const { entries, evictions, bytes, capacityBytes } = await last(rig).stats();
      expect(capacityBytes).toBe(2 ** 20);
      expect(bytes).toBeLessThanOrEqual(capacityBytes);
      expect(bytes).toBeGreaterThan(capacityBytes / 2);
      expect(entries + evictions).toBe(121);
      const forgotten = Array.from({ length: 120 }, (_, at) => rig.cacheOn(at % rig.threads).forget(`cold-${at}`));
      await Promise.all([...forgotten, last(rig).forget('hot')]);
      expect(await rig.cacheOn(0).stats()).toMatchObject({ entries: 0, bytes: 0 });
    },
  },
  {
    name: 'keeps keys apart, whatever they are',
    async run(rig) {
      const keys = ['__proto__', 'a', 'a ', 'ä', '"', '\u{1F600}', 'x'.repeat(33), 'x'.repeat(128), 'toString'];
      for (const [at, key] of keys.entries()) await rig.cacheOn(at % rig.threads).write(key, String(at));
      for (const [at, key] of keys.entries()) {
        const { text, status } = await last(rig).read(key);
        expect([status, JSON.parse(text!)]).toEqual(['hit', { key, value: at }]);
      }
    },
  },
];
