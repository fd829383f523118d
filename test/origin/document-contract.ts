/** What an origin promises about documents, case by case; run for every origin. */
import { expect } from 'vitest';
import { initialValue } from '../../src/origin/initial-documents.ts';
import { INITIAL_DOCUMENTS, inTime, type OriginCase } from './origin-contract.ts';

const CELL = 'one/cache';
const named = (key: string): string => `${CELL}/${key}`;

export const documentContract: readonly OriginCase[] = [
  {
    name: 'has no document that was never stored',
    async run({ origin }) {
      expect(await origin.loadDocument(named('never'))).toEqual({ value: undefined, version: 0 });
      for (const name of [`doc-${INITIAL_DOCUMENTS}`, 'doc-', 'doc-007', 'doc--1', 'doc-1.5', 'doc-1 ', 'DOC-1']) {
        expect(await origin.loadDocument(named(name))).toMatchObject({ value: undefined });
      }
    },
  },
  {
    name: 'starts with its documents in every cell, the same everywhere, in version 0',
    async run({ origin, other }) {
      for (const number of [0, 1, INITIAL_DOCUMENTS - 1]) {
        const document = { value: initialValue(number), version: 0 };
        expect(await origin.loadDocument(named(`doc-${number}`))).toEqual(document);
        expect(await other.loadDocument(`other/cache/doc-${number}`)).toEqual(document);
      }
    },
  },
  {
    name: 'shows everyone a document that one was acknowledged, one from the start included',
    async run({ origin, other }) {
      for (const key of ['mine', 'doc-3']) {
        for (let time = 0; time < 10; time++) {
          const value = `{"time":${time}}`;
          const version = await origin.storeDocument(named(key), value);
          expect(await other.loadDocument(named(key))).toEqual({ value, version });
        }
      }
    },
  },
  {
    name: 'numbers documents of a cell in the order it stores them, whoever sends them',
    async run({ origin, other }) {
      let last = 0;
      for (let time = 0; time < 20; time++) {
        const version = await (time % 3 === 0 ? other : origin).storeDocument(named(`n${time % 7}`), '1');
        expect(version).toBeGreaterThan(last);
        last = version;
      }
      expect(Number.isSafeInteger(last)).toBe(true);
    },
  },
  {
    name: 'gives every store a number of its own, and keeps the document of the highest',
    async run({ origin, other }) {
      const values = Array.from({ length: 60 }, (_, at) => String(at));
      const stores = values.map((value, at) => (at % 2 ? origin : other).storeDocument(named('race'), value));
      const versions = await Promise.all(stores);
      expect(new Set(versions).size).toBe(values.length);
      const version = Math.max(...versions);
      const value = values[versions.indexOf(version)]!;
      expect(await origin.loadDocument(named('race'))).toEqual({ value, version });
    },
  },
  {
    name: 'keeps the documents of cells apart, and documents from other state',
    async run({ origin, other }) {
      await origin.storeDocument(named('a'), '"here"');
      await origin.store([{ key: named('a'), value: 'state', version: 7 }]);
      await origin.storeDocument('other/cache/a', '"there"');
      expect(await other.loadDocument(named('a'))).toMatchObject({ value: '"here"' });
      expect(await other.loadDocument('other/cache/a')).toMatchObject({ value: '"there"' });
      expect(await other.load(named('a'))).toEqual({ value: 'state', version: 7 });
    },
  },
  {
    name: 'gives documents back as they were, under keys whatever they are',
    async run({ origin, other }) {
      const values = ['null', '""', '0', '1 2', '{"ü":"\\n\u{1F600}"}', `"${'x'.repeat(32 * 1024 - 2)}"`, '[]', ' 1'];
      const keys = ['__proto__', 'a/b/c', '/', ' ', 'ä', '\u{1F600}', 'x'.repeat(128), 'constructor'];
      for (const [at, key] of keys.entries()) {
        const version = await origin.storeDocument(named(key), values[at]!);
        expect(await other.loadDocument(named(key))).toEqual({ value: values[at], version });
      }
    },
  },
  {
    name: 'has a document no more once it was deleted, one from the start included, until it is stored again',
    async run({ origin, other }) {
      for (const key of ['stored', 'doc-2', 'doc-5']) {
        if (key !== 'doc-5') await origin.storeDocument(named(key), '"before"');
        const { version: before } = await other.loadDocument(named(key));
        const { existed, version } = await other.deleteDocument(named(key));
        expect([existed, version > before]).toEqual([true, true]);
        expect(await origin.loadDocument(named(key))).toEqual({ value: undefined, version });
        const again = await origin.storeDocument(named(key), '"after"');
        expect(again).toBeGreaterThan(version);
        expect(await other.loadDocument(named(key))).toEqual({ value: '"after"', version: again });
        await origin.deleteDocument(named(key));
        expect(await other.loadDocument(named(key))).toMatchObject({ value: undefined });
      }
    },
  },
  {
    name: 'says that there was nothing to delete, and changes nothing then',
    async run({ origin, other }) {
      const version = await origin.storeDocument(named('other'), '1');
      expect(await origin.deleteDocument(named('never'))).toEqual({ existed: false, version });
      await other.deleteDocument(named('doc-1'));
      expect(await origin.deleteDocument(named('doc-1'))).toMatchObject({ existed: false });
      expect(await origin.loadDocument(named('other'))).toEqual({ value: '1', version });
    },
  },
  {
    name: 'says that there is no document as of a later version than any that there was',
    async run({ origin, other }) {
      const stored = await origin.storeDocument(named('here'), '1');
      const { version: deleted } = await other.deleteDocument(named('here'));
      const later = await origin.storeDocument(named('there'), '1');
      const { value, version } = await other.loadDocument(named('here'));
      expect([value, stored < deleted, deleted < later, version]).toEqual([undefined, true, true, later]);
    },
  },
  {
    name: 'deletes in one cell, and not in others',
    async run({ origin, other }) {
      await origin.storeDocument('other/cache/both', '1');
      await origin.storeDocument(named('both'), '1');
      await origin.deleteDocument(named('both'));
      await origin.deleteDocument(named('doc-0'));
      expect(await other.loadDocument('other/cache/both')).toMatchObject({ value: '1' });
      expect(await other.loadDocument('other/cache/doc-0')).toMatchObject({ value: initialValue(0) });
    },
  },
  {
    name: 'gives up at its deadline when the origin is silent: a document may be stored, a load changed nothing',
    async run(rig) {
      rig.silence();
      const answers = Promise.allSettled([
        rig.origin.storeDocument(named('late'), '1'),
        rig.origin.loadDocument(named('late')),
        rig.other.storeDocument(named('short'), '1', { remainingMs: 20 }),
        rig.other.storeDocument(named('none'), '1', { remainingMs: 0 }),
        rig.origin.deleteDocument(named('late')),
      ]);
      const [stored, loaded, short, none, deleted] = await inTime(rig.timeoutMs, answers);
      expect(stored).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'unknown' } });
      expect(deleted).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'unknown' } });
      expect(loaded).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'not-applied' } });
      expect(short).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'unknown' } });
      expect(none).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'not-applied' } });
      rig.wake();
      expect(await rig.other.loadDocument(named('none'))).toMatchObject({ value: undefined });
    },
  },
  {
    name: 'stores a document that arrives late once at most: one stored after it stays',
    async run(rig) {
      rig.silence();
      const given = inTime(30, rig.origin.storeDocument(named('stray'), '"stray"', { remainingMs: 30 }));
      await expect(given).rejects.toMatchObject({ outcome: 'unknown' });
      rig.wake();
      await rig.origin.storeDocument(named('fence'), '1'); // behind the stray one on its way
      const version = await rig.other.storeDocument(named('stray'), '"newer"');
      await rig.origin.storeDocument(named('fence'), '2');
      expect(await rig.other.loadDocument(named('stray'))).toEqual({ value: '"newer"', version });
    },
  },
];
