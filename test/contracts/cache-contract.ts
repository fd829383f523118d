/** What a cache promises, case by case; run for every strategy, across real threads. */
import { expect } from 'vitest';
import type { AsyncCache, Rig, SeenDocument } from '../support/rig.ts';
import type { ContractCase } from './counters-contract.ts';

const everywhere = (rig: Rig): AsyncCache[] => Array.from({ length: rig.threads }, (_, at) => rig.cacheOn(at));
const last = (rig: Rig): AsyncCache => rig.cacheOn(rig.threads - 1);
const valueOf = ({ text }: SeenDocument): unknown => (JSON.parse(text!) as { value: unknown }).value;

const largeValue = (at: number): string => JSON.stringify('x'.repeat(8_000 + (at % 13) * 1_500));
const waitedTooLong: ReadonlySet<string> = new Set(['DEADLINE', 'LOCK_TIMEOUT', 'OWNER_TIMEOUT']);

/** For cases that hold its answers back. */
const patientOrigin = { ORIGIN_TIMEOUT_MS: '20000' };

/** All threads have begun what they were sent. */
async function allBegan(rig: Rig): Promise<void> {
  await rig.onEachThread({ ping: true, times: 1 });
}

export const cacheContract: readonly ContractCase[] = [
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
    name: 'does not keep what was loaded before a write',
    needs: 'awaits outside the guard',
    settings: patientOrigin,
    async run(rig) {
      rig.origin.hold();
      const early = rig.cacheOn(0).read('doc-2');
      await rig.origin.held(1); // the origin has answered with the old value
      const written = last(rig).write('doc-2', '"new"');
      await rig.origin.held(2);
      rig.origin.release();
      await written;
      expect(valueOf(await rig.cacheOn(0).read('doc-2'))).toBe('new');
      await early;
      for (const cache of everywhere(rig)) expect(valueOf(await cache.read('doc-2'))).toBe('new');
    },
  },
  {
    name: 'neither keeps nor shares what was loaded while a write was on its way, however soon that expires',
    needs: 'awaits outside the guard',
    settings: patientOrigin,
    async run(rig) {
      const letStoresGo = rig.origin.delayStores();
      const written = last(rig).write('doc-2', '"new"', 1);
      await allBegan(rig);
      rig.origin.hold();
      const early = rig.cacheOn(0).read('doc-2');
      await rig.origin.held(1); // the origin has answered with the old value
      const letLoadGo = rig.origin.keepBack();
      letStoresGo();
      await written;
      for (const expiresAtMs = Date.now() + 1; Date.now() <= expiresAtMs;) await allBegan(rig);
      const late = rig.cacheOn(0).read('doc-2');
      await allBegan(rig);
      letLoadGo();
      expect(valueOf(await late)).toBe('new');
      await early;
      for (const cache of everywhere(rig)) expect(valueOf(await cache.read('doc-2'))).toBe('new');
    },
  },
  {
    name: 'does not keep what was loaded before it was told to forget, nor share it with later reads',
    needs: 'awaits outside the guard',
    settings: patientOrigin,
    async run(rig) {
      rig.origin.hold();
      const early = rig.cacheOn(0).read('doc-3');
      await rig.origin.held(1);
      await last(rig).forget('doc-3');
      const late = last(rig).read('doc-3');
      await rig.origin.held(2);
      rig.origin.release();
      expect(await early).toMatchObject({ status: 'miss', stored: false });
      expect(await late).toMatchObject({ status: 'miss', stored: true, collapsed: false });
    },
  },
  {
    name: 'keeps the later of two writes whose answers overtake each other, also when it is gone from memory',
    needs: 'awaits outside the guard',
    settings: patientOrigin,
    async run(rig) {
      for (const isGone of [false, true]) {
        rig.origin.hold();
        const first = rig.cacheOn(0).write('raced', '"first"');
        const second = `"second, ${isGone}"`;
        await rig.origin.held(1);
        const held = rig.origin.keepBack();
        await last(rig).write('raced', second);
        if (isGone) await last(rig).forget('raced');
        held();
        await first;
        for (const cache of everywhere(rig)) expect(valueOf(await cache.read('raced'))).toBe(JSON.parse(second));
      }
    },
  },
  {
    name: 'tells an error to who wants the document, and keeps none',
    async run(rig) {
      rig.origin.failNext(1);
      await expect(rig.cacheOn(0).read('doc-4')).rejects.toMatchObject({ code: 'ORIGIN_FAILED' });
      expect(await rig.cacheOn(0).read('doc-4')).toMatchObject({ status: 'miss', stored: true });
    },
  },
  {
    name: 'keeps no copy that may be older than a write that failed',
    async run(rig) {
      await rig.cacheOn(0).write('doubt', '"old"');
      rig.origin.failNext(1);
      await expect(last(rig).write('doubt', '"new"')).rejects.toMatchObject({ code: 'ORIGIN_FAILED' });
      expect(await rig.cacheOn(0).read('doubt')).toMatchObject({ status: 'miss', stored: true });
    },
  },
  {
    name: 'lets a reader give up by itself, while the load goes on for the others',
    settings: patientOrigin,
    async run(rig) {
      rig.origin.hold();
      const patient = rig.cacheOn(0).read('doc-5');
      patient.catch(() => {}); // looked at below, if it comes to that
      await rig.origin.held(1);
      const hasty = last(rig).read('doc-5', 10);
      await expect(hasty).rejects.toSatisfy(({ code }: { code: string }) => waitedTooLong.has(code));
      rig.origin.release();
      expect(await patient).toMatchObject({ status: 'miss', stored: true });
      expect(await last(rig).read('doc-5')).toMatchObject({ status: 'hit' });
      expect(rig.origin.loads).toBe(1);
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
