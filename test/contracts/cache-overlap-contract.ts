/** What overlaps: loads, writes, failures, and readers that give up; part of the cache's contract. */
import { expect } from 'vitest';
import type { SeenDocument } from '../support/rig-operations.ts';
import { allBegan, everywhere, last, patientOrigin, valueOf } from './cache-contract-helpers.ts';
import type { ContractCase } from './counters-contract.ts';

const waitedTooLong: ReadonlySet<string> = new Set(['DEADLINE', 'LOCK_TIMEOUT', 'OWNER_TIMEOUT']);

export const overlapContract: readonly ContractCase[] = [
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
    name: 'shows nothing older than a write that a read has seen, though neither it nor an earlier one was acknowledged',
    needs: 'awaits outside the guard',
    settings: patientOrigin,
    async run(rig) {
      const hold = async (begin: () => Promise<unknown>): Promise<[unknown: Promise<unknown>, letGo: () => void]> => {
        rig.origin.hold();
        const begun = begin();
        await rig.origin.held(1);
        return [begun, rig.origin.keepBack()];
      };
      const [first, letFirstGo] = await hold(() => rig.cacheOn(0).write('seen', '"first"'));
      const [second, letSecondGo] = await hold(() => last(rig).write('seen', '"second"'));
      const [early, letEarlyGo] = await hold(() => rig.cacheOn(0).read('seen'));
      await last(rig).forget('seen'); // so that what is on its way is answered, and not kept
      letEarlyGo();
      expect(valueOf((await early) as SeenDocument)).toBe('second');
      letFirstGo();
      await first;
      for (const cache of everywhere(rig)) expect(valueOf(await cache.read('seen'))).toBe('second');
      letSecondGo();
      await second;
      for (const cache of everywhere(rig)) expect(valueOf(await cache.read('seen'))).toBe('second');
    },
  },
  {
    name: 'shares no load with a read that began after another, which was slower on its way, has shown a newer document',
    needs: 'awaits outside the guard',
    settings: patientOrigin,
    async run(rig) {
      const letStoreGo = rig.origin.delayStores();
      const written = last(rig).write('doc-2', '"new"');
      await rig.origin.delayed(1);
      const letSlowGo = rig.origin.delayNextLoad();
      const slow = rig.cacheOn(0).read('doc-2');
      await rig.origin.delayed(1);
      await last(rig).forget('doc-2'); // so that the next read does not join it
      rig.origin.hold();
      const before = last(rig).read('doc-2');
      await rig.origin.held(1); // the origin has answered with the old document
      const letBeforeGo = rig.origin.keepBack();
      rig.origin.hold();
      letStoreGo();
      await rig.origin.held(1); // stored, but its writer does not know
      const letWriterGo = rig.origin.keepBack();
      letSlowGo();
      expect(valueOf(await slow)).toBe('new');
      const late = rig.cacheOn(0).read('doc-2');
      await allBegan(rig);
      letBeforeGo();
      expect(valueOf(await late)).toBe('new');
      await before;
      for (const cache of everywhere(rig)) expect(valueOf(await cache.read('doc-2'))).toBe('new');
      letWriterGo();
      await written;
      for (const cache of everywhere(rig)) expect(valueOf(await cache.read('doc-2'))).toBe('new');
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
];
