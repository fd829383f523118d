/** What an origin promises, case by case; run for every origin. */
import { expect } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import type { DocumentOrigin, Origin, OriginValue } from '../../src/origin/origin.ts';

/** How many documents every cell of a rig's origin starts with. */
export const INITIAL_DOCUMENTS = 120;

export interface OriginRig extends AsyncDisposable {
  /** Two threads' ways to the same origin. */
  readonly origin: Origin & DocumentOrigin;
  readonly other: Origin & DocumentOrigin;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** From now on the origin answers nothing. What is sent arrives once it wakes. */
  silence(): void;
  wake(): void;
}

export interface OriginCase {
  readonly name: string;
  run(rig: OriginRig): Promise<void>;
}

const CELL = 'one/counters';
/** What an answer may take beyond its deadline before it counts as never given: much, because machines are shared. */
const SLACK_MS = 1_000;

const named = (key: string): string => `${CELL}/${key}`;
const write = (key: string, version: number, value: OriginValue = version) => ({ key: named(key), value, version });

/** Fails when an answer of whatever kind does not come in time. */
export async function inTime<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${limitMs} ms`)), limitMs + SLACK_MS);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export const originContract: readonly OriginCase[] = [
  {
    name: 'has nothing under a key that was never written',
    async run({ origin }) {
      expect(await origin.load(named('never'))).toBeUndefined();
      expect(await origin.load('no-cell')).toBeUndefined();
    },
  },
  {
    name: 'shows everyone what one was acknowledged',
    async run({ origin, other }) {
      for (let version = 1; version <= 20; version++) {
        await origin.store([write('seen', version)]);
        expect(await other.load(named('seen'))).toEqual({ value: version, version });
      }
    },
  },
  {
    name: 'keeps the newest version, in whatever order they come and from whomever',
    async run({ origin, other }) {
      for (const seed of [1, 2, 3]) {
        const random = seededRandom(seed);
        const versions = Array.from({ length: 30 }, (_, at) => at + 1).toSorted(() => random() - 0.5);
        for (const version of versions) await (random() < 0.5 ? origin : other).store([write(`any-${seed}`, version)]);
        expect(await origin.load(named(`any-${seed}`))).toEqual({ value: 30, version: 30 });
      }
    },
  },
  {
    name: 'keeps the newest version of those that are under way at once',
    async run({ origin, other }) {
      const stores = Array.from({ length: 60 }, (_, at) => (at % 2 ? origin : other).store([write('race', 60 - at)]));
      await Promise.all(stores);
      expect(await origin.load(named('race'))).toEqual({ value: 60, version: 60 });
    },
  },
  {
    name: 'takes the same write any number of times',
    async run({ origin, other }) {
      const first = [write('again', 1, 'one'), write('again-too', 1)];
      await origin.store(first);
      await origin.store([write('again', 2, 'two')]);
      for (let time = 0; time < 3; time++) await other.store(first);
      expect(await origin.load(named('again'))).toEqual({ value: 'two', version: 2 });
      expect(await origin.load(named('again-too'))).toEqual({ value: 1, version: 1 });
    },
  },
  {
    name: 'keeps a deletion as a version, which an older write does not undo',
    async run({ origin, other }) {
      await origin.store([write('gone', 1)]);
      await origin.store([{ key: named('gone'), value: undefined, version: 3 }]);
      await other.store([write('gone', 2)]);
      expect(await origin.load(named('gone'))).toEqual({ value: undefined, version: 3 });
      await other.store([write('gone', 4)]);
      expect(await origin.load(named('gone'))).toEqual({ value: 4, version: 4 });
    },
  },
  {
    name: 'stores a batch, of several versions of a key the newest',
    async run({ origin, other }) {
      const elsewhere = { key: 'other/config/document', value: '{}', version: 1 };
      await origin.store([write('b', 2), write('a', 1), write('b', 3), write('b', 1), elsewhere]);
      expect(await other.load(named('a'))).toEqual({ value: 1, version: 1 });
      expect(await other.load(named('b'))).toEqual({ value: 3, version: 3 });
      expect(await other.load(elsewhere.key)).toEqual({ value: '{}', version: 1 });
      await origin.store([]);
    },
  },
  {
    name: 'gives values back as they were, under keys whatever they are',
    async run({ origin, other }) {
      const values = [
        0,
        -1,
        Number.MAX_SAFE_INTEGER,
        -Number.MAX_SAFE_INTEGER,
        '',
        'd',
        '7',
        'n7',
        '{"ü":"\n\u{1F600}"}',
      ];
      const keys = ['__proto__', 'a/b/c', '/', ' ', 'ä', '\u{1F600}', 'x'.repeat(128), 'constructor', 'a:b'];
      await origin.store(keys.map((key, at) => write(key, 1, values[at])));
      for (const [at, key] of keys.entries()) {
        expect(await other.load(named(key))).toEqual({ value: values[at], version: 1 });
      }
    },
  },
  {
    name: 'gives up at its deadline when the origin is silent: a store is unknown, a load changed nothing',
    async run(rig) {
      rig.silence();
      const startedMs = performance.now();
      const answers = Promise.allSettled([rig.origin.store([write('late', 1)]), rig.origin.load(named('late'))]);
      const [stored, loaded] = await inTime(rig.timeoutMs, answers);
      expect(stored).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'unknown' } });
      expect(loaded).toMatchObject({ reason: { code: 'ORIGIN_TIMEOUT', outcome: 'not-applied' } });
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(rig.timeoutMs - 2);
      rig.wake();
    },
  },
  {
    name: 'waits no longer than its caller can, and sends nothing for one who cannot wait at all',
    async run(rig) {
      rig.silence();
      const remainingMs = 20;
      const startedMs = performance.now();
      const stored = inTime(remainingMs, rig.origin.store([write('short', 1)], { remainingMs }));
      await expect(stored).rejects.toMatchObject({ code: 'ORIGIN_TIMEOUT', outcome: 'unknown' });
      expect(performance.now() - startedMs).toBeLessThan(rig.timeoutMs);
      const nothing = inTime(0, rig.origin.store([write('none', 1)], { remainingMs: 0 }));
      await expect(nothing).rejects.toMatchObject({ code: 'ORIGIN_TIMEOUT', outcome: 'not-applied' });
      rig.wake();
      expect(await rig.other.load(named('none'))).toBeUndefined();
    },
  },
  {
    name: 'comes to no harm by a write that arrives after its caller gave up',
    async run(rig) {
      rig.silence();
      const given = inTime(30, rig.origin.store([write('stray', 1, 'stray')], { remainingMs: 30 }));
      await expect(given).rejects.toMatchObject({ outcome: 'unknown' });
      rig.wake();
      await rig.other.store([write('stray', 2, 'newer')]);
      await rig.origin.store([write('fence', 1)]); // behind the stray one on its way
      expect(await rig.other.load(named('stray'))).toEqual({ value: 'newer', version: 2 });
    },
  },
];
