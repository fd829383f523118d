/** What counters promise, case by case; run for every strategy, across real threads. */
import { expect } from 'vitest';
import type { Rig } from '../support/rig.ts';

/** One promise of a resource, and how to see that it is kept. */
export interface ContractCase {
  readonly name: string;
  /** What the case needs; a strategy that says it has none of it is excused from the case. */
  readonly needs?: 'listing' | 'write-through' | 'freed records' | 'awaits outside the guard' | 'other threads';
  readonly settings?: Readonly<Record<string, string>>;
  run(rig: Rig): Promise<void>;
}

const last = (rig: Rig): number => rig.threads - 1;

export const countersContract: readonly ContractCase[] = [
  {
    name: 'keeps every increment from all threads, and returns each value once',
    async run(rig) {
      const returned = await rig.onEachThread({ increment: 'hits', by: 1, times: 500, concurrency: 16 });
      const values = (returned.flat() as number[]).toSorted((a, b) => a - b);
      expect(values).toEqual(Array.from({ length: 500 * rig.threads }, (_, at) => at + 1));
      expect(await rig.on(0).read('hits')).toBe(500 * rig.threads);
    },
  },
  {
    name: 'shows every thread what another thread was acknowledged',
    async run(rig) {
      for (let round = 1; round <= 50; round++) {
        const writes = [rig.on(0).increment('seen', 3), rig.on(last(rig)).increment('seen', 4)];
        await Promise.all(writes);
        expect(await rig.on(round % rig.threads).read('seen')).toBe(7 * round);
      }
    },
  },
  {
    name: 'lets exactly one of many equal compare-and-sets win',
    async run(rig) {
      for (let round = 0; round < 20; round++) {
        const tries = Array.from({ length: 8 }, (_, at) =>
          rig.on(at % rig.threads).compareAndSet('swap', round, round + 1),
        );
        const results = await Promise.allSettled(tries);
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const refused = results.find((result) => result.status === 'rejected')!;
        expect(refused.reason).toMatchObject({ code: 'CONFLICT', value: round + 1 });
      }
    },
  },
  {
    name: 'has no counter before its first write and after its deletion',
    async run(rig) {
      const [here, there] = [rig.on(0), rig.on(last(rig))];
      expect(await here.read('gone')).toBeUndefined();
      expect(await there.delete('gone')).toBe(false);
      await here.increment('gone', 5);
      expect(await there.delete('gone')).toBe(true);
      expect(await here.read('gone')).toBeUndefined();
      expect(await there.increment('gone')).toBe(1);
    },
  },
  {
    name: 'refuses what is not exact, and changes nothing',
    async run(rig) {
      const counters = rig.on(0);
      await counters.compareAndSet('edge', 0, Number.MAX_SAFE_INTEGER - 1);
      expect(await counters.increment('edge', 1)).toBe(Number.MAX_SAFE_INTEGER);
      await expect(counters.increment('edge', 1)).rejects.toMatchObject({ code: 'OVERFLOW', outcome: 'not-applied' });
      expect(await rig.on(last(rig)).read('edge')).toBe(Number.MAX_SAFE_INTEGER);
    },
  },
  {
    name: 'refuses new counters at its capacity, keeps the old ones, and takes new ones after a deletion',
    needs: 'freed records',
    settings: { COUNTERS_CAPACITY: '20' },
    async run(rig) {
      for (let at = 0; at < 20; at++) await rig.on(at % rig.threads).increment(`key-${at}`, at + 1);
      await expect(rig.on(0).increment('one-more')).rejects.toMatchObject({ code: 'CAPACITY', outcome: 'not-applied' });
      await expect(rig.on(last(rig)).compareAndSet('one-more', 0, 1)).rejects.toMatchObject({ code: 'CAPACITY' });
      for (let at = 0; at < 20; at++) expect(await rig.on(last(rig)).read(`key-${at}`)).toBe(at + 1);
      await rig.on(last(rig)).delete('key-7');
      expect(await rig.on(0).increment('one-more')).toBe(1);
    },
  },
  {
    name: 'keeps keys apart, whatever they are',
    needs: 'listing',
    async run(rig) {
      const keys = [
        '__proto__',
        'constructor',
        'a',
        'a ',
        'ä',
        '\u{1F600}',
        'x'.repeat(33),
        'x'.repeat(128),
        'toString',
      ];
      for (const [at, key] of keys.entries()) await rig.on(at % rig.threads).increment(key, at + 1);
      for (const [at, key] of keys.entries()) expect(await rig.on(last(rig)).read(key)).toBe(at + 1);
      const { counters, total } = await rig.on(0).list();
      expect(total).toBe(keys.length);
      expect(counters.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    },
  },
  {
    needs: 'listing',
    name: 'lists a counter that is there throughout exactly once, while others come and go',
    async run(rig) {
      for (let at = 0; at < 120; at++) await rig.on(at % rig.threads).increment(`stay-${at}`);
      const churn = (async () => {
        for (let round = 0; round < 30; round++) {
          await rig.on(last(rig)).increment(`come-${round}`);
          if (round > 2) await rig.on(0).delete(`come-${round - 3}`);
        }
      })();
      const seen: string[] = [];
      let cursor: number | undefined = 0;
      while (cursor !== undefined) {
        const page = await rig.on(0).list(17, cursor);
        expect(page.counters.length).toBeLessThanOrEqual(17);
        seen.push(...page.counters.map(({ key }) => key));
        cursor = page.cursor;
      }
      await churn;
      const stayed = seen.filter((key) => key.startsWith('stay-')).toSorted();
      expect(stayed).toEqual(Array.from({ length: 120 }, (_, at) => `stay-${at}`).toSorted());
      expect((await rig.on(0).list()).total).toBe(123);
    },
  },
  {
    needs: 'write-through',
    name: 'acknowledges a write when the origin has it',
    settings: { WRITE_THROUGH: 'on' },
    async run(rig) {
      await rig.onEachThread({ increment: 'stored', by: 2, times: 20, concurrency: 5 });
      const total = 40 * rig.threads;
      expect(rig.origin.newest('stored')).toMatchObject({ value: total });
      expect(await rig.on(0).read('stored')).toBe(total);
      await rig.on(0).delete('stored');
      expect(rig.origin.newest('stored')).toMatchObject({ value: undefined });
      await rig.on(last(rig)).increment('stored', 9);
      expect(rig.origin.newest('stored')).toMatchObject({ value: 9 }); // newer than the deletion
    },
  },
];
