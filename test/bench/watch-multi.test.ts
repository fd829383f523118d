import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDistance } from '../../bench/watch-multi/distance.ts';
import { measure, type Measurement } from '../../bench/watch-multi/measure.ts';
import { loads, subjects, unguarded } from '../../bench/watch-multi/subjects.ts';
import { summarize } from '../../bench/watch-multi/suite.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';

const oneKey = loads.find(({ keys }) => keys === 1)!;
const options = { seconds: 0.2, seed: 1, signal: new AbortController().signal };

describe.skipIf(redisProgram === undefined)('the watch-multi suite with Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.for(subjects)('counts what is lost: $name', async (subject) => {
    const { perSecond, lost } = await measure(subject, oneKey, { url: server.url, nearUrl: server.url }, options);
    expect(perSecond).toBeGreaterThan(0);
    expect(lost === 0).toBe(subject.guarded);
  });

  it('measures over a distance too', async () => {
    await using distant = await startDistance(server.url, 1);
    const servers = { url: distant.url, nearUrl: server.url };
    expect(await measure(unguarded, oneKey, servers, options)).toMatchObject({ conflictsPerTransaction: 0 });
  });
});

function resultWhere(lostBy: (guarded: boolean) => number) {
  const bySubject = new Map(
    subjects.map((subject): [typeof subject, Measurement[]] => [
      subject,
      [{ perSecond: 1, conflictsPerTransaction: 0, lost: lostBy(subject.guarded) }],
    ]),
  );
  return summarize(new Map(loads.map((load) => [load, bySubject])));
}

describe('the watch-multi suite', () => {
  it('is void when something guarded lost an update, or when the control lost none on one key', () => {
    expect(resultWhere((guarded) => (guarded ? 0 : 5)).failures).toEqual([]);
    expect(resultWhere(() => 5).failures).toContainEqual(expect.stringContaining('pool of 2 lost 5 updates'));
    expect(resultWhere(() => 0).failures).toHaveLength(loads.filter(({ keys }) => keys === 1).length);
  });
});
