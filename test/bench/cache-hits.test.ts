import { describe, expect, it } from 'vitest';
import type { Hammer, JobMemory, Sizes } from '../../bench/primitives/job.ts';
import { type JobName, loadJob } from '../../bench/primitives/jobs.ts';
import { isServed } from '../support/served.ts';

const sizes: Sizes = {
  keys: 1,
  keyBytes: 20,
  counters: 1,
  inFlight: 1,
  documents: 50,
  documentBytes: 100,
};
const memory: JobMemory = {
  locks: new Int32Array(new SharedArrayBuffer(0)),
  threads: new SharedArrayBuffer(0),
  words: new Int32Array(new SharedArrayBuffer(0)),
};

describe('cache hits in the bench', () => {
  const jobs: readonly { name: string; job: JobName }[] = [
    { name: 'lru-cache', job: ['cache-hits', 'lruCache'] },
    { name: 'single-thread', job: ['cache-hits', 'singleThread'] },
    { name: 'sync-lock', job: ['cache-hits', 'syncLock'] },
    { name: 'async-lock', job: ['cache-hits', 'asyncLock'] },
    { name: 'sharded', job: ['cache-hits', 'sharded'] },
    { name: 'snapshot', job: ['cache-hits', 'snapshot'] },
  ];

  it.for(jobs.filter(({ name }) => name === 'lru-cache' || isServed(name)))(
    'of $name bring documents',
    async ({ job }) => {
      const perform = await loadJob(job);
      const hammer = (await perform({ memory, position: 0, sizes, port: undefined })) as Hammer;
      hammer.prepare?.();
      await hammer.work(hammer.chunk);
      expect(hammer.found?.()).toBe(hammer.chunk);
      hammer.end?.();
    },
  );
});
