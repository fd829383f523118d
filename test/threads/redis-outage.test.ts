import { describe, expect, it } from 'vitest';
import { runRedisOutage } from '../support/redis-outage.ts';
import { redisProgram } from '../support/redis-server.ts';
import { disturbances } from '../support/redis-trouble.ts';

describe.skipIf(redisProgram === undefined)('the service while Redis is in trouble', { timeout: 120_000 }, () => {
  it('keeps every acknowledged write once, and what needs no Redis goes on', async () => {
    const run = await runRedisOutage({
      seed: 2026,
      rounds: disturbances.length,
      disturbances,
      originTimeoutMs: 1_500,
      requestTimeoutMs: 20_000,
    });
    const refuted = [...run.verdicts].filter(([, { ok }]) => !ok);
    expect(refuted).toEqual([]);
    expect(run.verdicts.size).toBeGreaterThan(0);
    const failed = run.probes.filter(({ judged, errors }) => judged && errors.length > 0);
    expect(failed.map(({ name, errors }) => `${name}: ${errors.join(', ')}`)).toEqual([]);
    expect(run.tally.unknown).toBeGreaterThan(0);
  });
});
