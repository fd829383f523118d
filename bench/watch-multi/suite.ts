/** One case where an async lock is right, and what it costs: transactions in several steps on a dedicated connection. */
import { seededRandom, shuffled } from '../../load/seeded-random.ts';
import { redisMissing, redisProgram, RedisServer } from '../../test/support/redis-server.ts';
import { ratiosOf } from '../statistics.ts';
import type { Ratio, Series, Suite, SuiteOptions, SuiteResult } from '../suite.ts';
import { startDistance } from './distance.ts';
import { measure, type Measurement } from './measure.ts';
import { type Load, loads, mutex, pools, type Subject, subjects, TASKS, unguarded } from './subjects.ts';

/** One per round, by load and subject. */
export type Measured = ReadonlyMap<Load, ReadonlyMap<Subject, readonly Measurement[]>>;

export const watchMulti: Suite = {
  name: 'watch-multi',
  summary: 'WATCH, GET, MULTI, EXEC on one guarded connection, on a pool of them, and on one without a guard',

  async run(options) {
    if (redisProgram === undefined) return { ...summarize(new Map()), skipped: redisMissing };
    await using server = await RedisServer.start();
    return summarize(await rounds(server.url, options));
  },
};

async function rounds(nearUrl: string, options: SuiteOptions): Promise<Measured> {
  const { seconds, signal } = options;
  await using stack = new AsyncDisposableStack();
  const random = seededRandom(options.seed);
  const measured = new Map(loads.map((load) => [load, new Map(subjects.map((one) => [one, [] as Measurement[]]))]));
  const urls = new Map<number, string>([[0, nearUrl]]);
  for (const { distanceMs } of loads) {
    if (!urls.has(distanceMs)) urls.set(distanceMs, stack.use(await startDistance(nearUrl, distanceMs)).url);
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of shuffled(loads, random)) {
      for (const subject of shuffled(subjects, random)) {
        options.progress(`round ${round} of ${options.rounds} · ${load.name} · ${subject.name}`);
        const servers = { url: urls.get(load.distanceMs)!, nearUrl };
        const seed = Math.floor(random() * 2 ** 31);
        measured
          .get(load)!
          .get(subject)!
          .push(await measure(subject, load, servers, { seconds, seed, signal }));
      }
    }
  }
  return measured;
}

/** Pure: what the rounds come to. */
export function summarize(measured: Measured): SuiteResult {
  return {
    setup: {
      tasks: `${TASKS} of one event loop, each making one transaction after another`,
      transaction: 'WATCH key, GET key, MULTI, SET key, EXEC: three round trips; again from the start after a conflict',
    },
    series: [...measured].flatMap(([load, bySubject]) =>
      [...bySubject].flatMap(([subject, measurements]) => seriesOf(load, subject, measurements)),
    ),
    ratios: [...measured].flatMap(([load, bySubject]) => pools.map((pool) => ratioOf(load, pool, bySubject))),
    notes: [
      'What is watched belongs to the connection. Without a guard the EXEC of one task ends the WATCH of another, ' +
        'whose own EXEC then overwrites what it never saw: no error, no conflict, and an update is gone.',
      'On one guarded connection nothing can conflict as long as nobody else writes, and one transaction is under way ' +
        'at a time. A pool has as many under way as it has connections, which pays where keys differ and Redis is ' +
        'not beside; on one key they only undo each other.',
      'Where Redis can compute the change itself, a script does it in one command and needs no guard: ' +
        '`src/strategies/redis-direct`.',
    ],
    failures: [...measured].flatMap(([load, bySubject]) =>
      [...bySubject].flatMap(([subject, measurements]) => doubtsOf(load, subject, measurements)),
    ),
  };
}

function seriesOf({ name: load }: Load, { name: subject }: Subject, measurements: readonly Measurement[]): Series[] {
  return [
    { subject, load, unit: 'transactions/s', values: measurements.map(({ perSecond }) => perSecond) },
    {
      subject,
      load,
      unit: 'conflicts per transaction',
      values: measurements.map(({ conflictsPerTransaction }) => conflictsPerTransaction),
    },
    { subject, load, unit: 'lost updates', values: measurements.map(({ lost }) => lost) },
  ];
}

function ratioOf({ name }: Load, pool: Subject, bySubject: ReadonlyMap<Subject, readonly Measurement[]>): Ratio {
  const perSecond = (subject: Subject) => bySubject.get(subject)!.map((measurement) => measurement.perSecond);
  return { name: `${name}: ${pool.name} / ${mutex.name}`, values: ratiosOf(perSecond(pool), perSecond(mutex)) };
}

/** On one key the control must lose updates, and nobody else may lose one anywhere. */
function doubtsOf({ name, keys }: Load, subject: Subject, measurements: readonly Measurement[]): string[] {
  const lost = measurements.reduce((sum, measurement) => sum + measurement.lost, 0);
  if (subject.guarded && lost !== 0) return [`${name}: ${subject.name} lost ${lost} updates`];
  if (subject === unguarded && keys === 1 && lost === 0)
    return [`${name}: ${subject.name} lost nothing; the check is blind`];
  return [];
}
