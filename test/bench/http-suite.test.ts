import { describe, expect, it } from 'vitest';
import type { Measurement } from '../../bench/http/measure.ts';
import { doubtOf } from '../../bench/http/measure.ts';
import { autocannon, wrk } from '../../load/cheap-generator.ts';
import { differenceOf } from '../../bench/http/parity.ts';
import * as plan from '../../bench/http/subjects.ts';
import { summarize, type Measured } from '../../bench/http/suite.ts';
import { spreadOf } from '../../bench/statistics.ts';

const counted = { requests: 1_000, seconds: 1, non2xx: 0, socketErrors: 0 };

function measurement(perSecond: number): Measurement {
  return { ...counted, perSecond, cpuUsPerRequest: 1e6 / perSecond, generatorCores: 0.5, serverCores: 1 };
}

/** Every server as fast under every load as `speeds` says, one value per round. */
function measuredAt(speeds: ReadonlyMap<plan.Subject, readonly number[]>): Measured {
  const runsOf = (subject: plan.Subject) => speeds.get(subject)!.map(measurement);
  return new Map(plan.loads.map((load) => [load, new Map(load.on.map((subject) => [subject, runsOf(subject)]))]));
}

describe('the http suite', () => {
  const speeds = new Map([
    [plan.syncLock, [90, 45, 180]],
    [plan.sharded, [80, 45, 120]],
    [plan.atomic, [110, 50, 150]],
    [plan.bareHono, [100, 50, 150]],
    [plan.tunedHono, [100, 50, 150]],
    [plan.bareNode, [200, 90, 300]],
    [plan.snapshot, [95, 50, 90]],
    [plan.constant, [100, 50, 150]],
    [plan.tunedConstant, [100, 50, 150]],
  ]);

  it('divides every service by bare hono, with the same goal', () => {
    const { ratios } = summarize(measuredAt(speeds), { name: 'wrk', version: '4' }, []);
    for (const load of ['increment, no body', 'increment, {"by":1}']) {
      const ratioOf = (name: string) => ratios.find((ratio) => ratio.name === `${load}: ${name} / bare hono`);
      expect(ratioOf('sharded')).toMatchObject({ values: [0.8, 0.9, 0.8], goal: 0.9 });
      expect(ratioOf('atomic')).toMatchObject({ values: [1.1, 1, 1], goal: 0.9 });
    }
  });

  it('divides the hits of sharded and snapshot by a constant route, with a goal', () => {
    const { ratios } = summarize(measuredAt(speeds), { name: 'wrk', version: '4' }, []);
    const ratioOf = (name: string) => ratios.find((ratio) => ratio.name === `${plan.hit.name}: ${name} / constant`);
    expect(ratioOf('sharded')).toMatchObject({ values: [0.8, 0.9, 0.8], goal: 0.9 });
    expect(ratioOf('snapshot')).toMatchObject({ values: [0.95, 1, 0.6], goal: 0.9 });
  });

  it('asks each service under its own strategy, and the others as sync-lock', () => {
    expect(plan.noBody.on.map((subject) => plan.noBody.pathOn(subject).split('/')[2])).toEqual([
      'sync-lock',
      'sharded',
      'atomic',
      ...Array<string>(3).fill('sync-lock'),
    ]);
  });

  it('divides sync-lock by each of the others, round by round', () => {
    const { ratios } = summarize(measuredAt(speeds), { name: 'wrk', version: '4' }, []);
    const spreads = new Map(ratios.map(({ name, values }) => [name, spreadOf(values)]));
    for (const load of ['increment, no body', 'increment, {"by":1}']) {
      expect(spreads.get(`${load}: sync-lock / bare hono`)).toEqual({ median: 0.9, least: 0.9, most: 1.2 });
      expect(spreads.get(`${load}: sync-lock / bare node:http`)).toEqual({ median: 0.5, least: 0.45, most: 0.6 });
      expect(spreads.get(`${load}: sync-lock / its own /healthz`)?.median).toBe(1);
    }
  });

  it('gives the same ratio per CPU time where CPU time is all that counts', () => {
    const { ratios } = summarize(measuredAt(speeds), { name: 'wrk', version: '4' }, []);
    const medianOf = (name: string) => spreadOf(ratios.find((ratio) => ratio.name === name)!.values)!.median;
    const plain = medianOf('increment, no body: sync-lock / bare hono');
    expect(medianOf('increment, no body: sync-lock / bare hono, per CPU time')).toBeCloseTo(plain, 10);
  });
});

describe('a run', () => {
  it.for([
    { name: 'as many as were acknowledged', stored: 1_000 },
    { name: 'and those in flight at the end', stored: 1_064 },
    { name: 'of a server whose counter nobody can read', stored: undefined },
  ])('is believed when it stored $name', ({ stored }) => {
    expect(doubtOf(counted, stored, 64)).toBeUndefined();
  });

  it.for([
    { name: 'an acknowledged increment is lost', run: counted, stored: 999 },
    { name: 'more is stored than can have been in flight', run: counted, stored: 1_065 },
    { name: 'an answer was an error', run: { ...counted, non2xx: 1 }, stored: 1_000 },
    { name: 'a connection failed', run: { ...counted, socketErrors: 1 }, stored: 1_000 },
    { name: 'nothing was answered', run: { ...counted, requests: 0 }, stored: 0 },
  ])('is void when $name', ({ run, stored }) => {
    expect(doubtOf(run, stored, 64)).toBeTypeOf('string');
  });
});

describe('what a generator prints', () => {
  it('is read from the last line of wrk', () => {
    const output = 'Running 1s test\n\n{"requests":100,"durationUs":2000000,"non2xx":3,"socketErrors":4}\n';
    expect(wrk('4').parse(output)).toEqual({ requests: 100, seconds: 2, non2xx: 3, socketErrors: 4 });
  });

  it('is read from the JSON of autocannon', () => {
    const output = JSON.stringify({ duration: 2, errors: 4, non2xx: 3, requests: { total: 100 }, more: true });
    expect(autocannon().parse(output)).toEqual({ requests: 100, seconds: 2, non2xx: 3, socketErrors: 4 });
  });
});

describe('servers that answer differently', () => {
  const answer = { status: 200, headers: { 'content-length': '2' }, body: '{}' };

  it('are not compared', () => {
    const other = { ...answer, headers: { 'content-length': '3' } };
    expect(differenceOf(new Map(Object.entries({ one: answer, two: answer, three: other })))).toContain('"three"');
    expect(differenceOf(new Map(Object.entries({ one: answer, two: { ...answer } })))).toBeUndefined();
  });
});
