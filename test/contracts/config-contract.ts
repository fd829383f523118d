/** What the config promises, case by case; run for every strategy, across real threads. */
import { expect } from 'vitest';
import type { ContractCase } from './counters-contract.ts';

const values = (content: unknown): string => JSON.stringify({ content });
const contentOf = (text: string): unknown => (JSON.parse(text) as { values: { content: unknown } }).values.content;

export const configContract: readonly ContractCase[] = [
  {
    name: 'starts with version 1 and shows every thread the version that was acknowledged last',
    async run(rig) {
      expect(await rig.configOn(0).read()).toEqual({ version: 1, text: '{"version":1,"values":{}}' });
      for (let version = 1; version < 20; version++) {
        await rig.configOn(version % rig.threads).replace(values(version), [version]);
        for (let thread = 0; thread < rig.threads; thread++) {
          const seen = await rig.configOn(thread).read();
          expect([seen.version, contentOf(seen.text)]).toEqual([version + 1, version]);
        }
      }
    },
  },
  {
    name: 'lets exactly one of many writers that expect the same version win',
    async run(rig) {
      for (let version = 1; version < 15; version++) {
        const tries = Array.from({ length: 6 }, (_, writer) =>
          rig.configOn(writer % rig.threads).replace(values({ version, writer }), [version]),
        );
        const results = await Promise.allSettled(tries);
        const winner = results.findIndex(({ status }) => status === 'fulfilled');
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const refused = results.find((result) => result.status === 'rejected')!;
        expect(refused.reason).toMatchObject({ code: 'PRECONDITION_FAILED', outcome: 'not-applied' });
        expect(contentOf((await rig.configOn(0).read()).text)).toEqual({ version, writer: winner });
      }
    },
  },
  {
    name: 'counts versions without gaps however many write, and shows whole versions that never go back',
    async run(rig) {
      const long = 'x'.repeat(30_000);
      const writes = Promise.all(
        Array.from({ length: 40 }, (_, write) =>
          rig.configOn(write % rig.threads).replace(values(`${write}${long}`), '*'),
        ),
      );
      const reader = async (thread: number): Promise<void> => {
        let last = 0;
        for (let round = 0; round < 60; round++) {
          const { version, text } = await rig.configOn(thread).read();
          expect(version).toBeGreaterThanOrEqual(last);
          expect((JSON.parse(text) as { version: number }).version).toBe(version);
          last = version;
        }
      };
      await Promise.all(Array.from({ length: rig.threads }, (_, thread) => reader(thread)));
      const versions = (await writes).map(({ version }) => version).toSorted((a, b) => a - b);
      expect(versions).toEqual(Array.from({ length: 40 }, (_, at) => at + 2));
      expect((await rig.configOn(0).read()).version).toBe(41);
    },
  },
  {
    name: 'acknowledges a version when the origin has it',
    settings: { WRITE_THROUGH: 'on' },
    needs: 'write-through',
    async run(rig) {
      for (let version = 1; version < 5; version++) {
        const { text } = await rig.configOn(version % rig.threads).replace(values('é\u{1F600}'), [version]);
        expect(rig.origin.newest('document')).toMatchObject({ value: text });
      }
    },
  },
];
