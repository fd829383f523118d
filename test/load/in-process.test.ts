import { describe, expect, it } from 'vitest';
import { inProcessSeconds, measureInProcess, THREADS } from '../../load/in-process/measure.ts';
import { operations, type OperationName } from '../../load/in-process/operations.ts';
import { registry } from '../../load/registry.ts';

const names = Object.keys(operations) as OperationName[];
const sizes = { operations: names, warmupMs: 5, measureMs: 10 };
const able = registry.filter(({ kind, needs }) => needs === undefined && (kind === 'strategy' || kind === 'baseline'));
const signal = AbortSignal.timeout(240_000);

describe('in process, without HTTP', () => {
  it.for(able)(
    '$name does every operation with every number of threads it can have',
    { timeout: 120_000 },
    async (candidate) => {
      const found = await measureInProcess(candidate, 3, sizes, signal);
      const threads = candidate.threads === undefined ? THREADS : [candidate.threads];
      expect(found.map((result) => `${result.operation} ${result.threads}`)).toEqual(
        names.flatMap((name) => threads.map((count) => `${name} ${count}`)),
      );
      for (const { nsPerOperation, operations: done, round, strategy } of found) {
        expect({ round, strategy }).toEqual({ round: 3, strategy: candidate.name });
        expect(nsPerOperation).toBeGreaterThan(0);
        expect(done).toBeGreaterThan(0);
      }
    },
  );

  it('says why a process failed', { timeout: 60_000 }, async () => {
    const wrong = { ...able[0]!, environment: { HOLD_US: 'long' } };
    await expect(measureInProcess(wrong, 1, sizes, signal)).rejects.toThrow(/HOLD_US/u);
  });

  it('is ended by an interrupt', { timeout: 60_000 }, async () => {
    const interrupted = AbortSignal.abort(new Error('interrupted'));
    await expect(measureInProcess(able[0]!, 1, sizes, interrupted)).rejects.toThrow('interrupted');
  });

  it('takes what it is estimated at, by operations and threads', () => {
    const one = inProcessSeconds({ ...sizes, operations: [names[0]!] });
    expect(inProcessSeconds(sizes)).toBeGreaterThan(one);
  });
});
