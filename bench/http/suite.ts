/**
 * What HTTP costs: an increment through the service against the same written with hono, and with node:http, alone; a
 * cache hit against a route that answers with a constant.
 */
import { availableParallelism } from 'node:os';
import { seededRandom, shuffled } from '../../load/seeded-random.ts';
import { ratiosOf, spreadOf } from '../statistics.ts';
import type { Ratio, Series, Suite, SuiteOptions, SuiteResult } from '../suite.ts';
import { CONNECTIONS, findGenerator, type Generator } from '../../load/cheap-generator.ts';
import { doubtOf, measure, settledCount, type Measurement } from './measure.ts';
import { hitProbes, incrementProbes, requireSameAnswers } from './parity.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import * as plan from './subjects.ts';
import type { NamedLoad, Subject } from './subjects.ts';

/** Which service is compared with whom, and how much of their speed it should reach. */
interface Comparison {
  readonly own: Subject;
  readonly other: Subject;
  readonly goal?: number;
}

const OF_INCREMENTS: readonly Comparison[] = [
  { own: plan.syncLock, other: plan.bareHono, goal: 0.9 },
  { own: plan.syncLock, other: plan.tunedHono },
  { own: plan.syncLock, other: plan.bareNode, goal: 0.7 },
  { own: plan.sharded, other: plan.bareHono, goal: 0.9 },
  { own: plan.atomic, other: plan.bareHono, goal: 0.9 },
];
const OF_HITS: readonly Comparison[] = [
  { own: plan.sharded, other: plan.constant, goal: 0.9 },
  { own: plan.snapshot, other: plan.constant, goal: 0.9 },
  { own: plan.syncLock, other: plan.constant },
  { own: plan.sharded, other: plan.tunedConstant },
  { own: plan.snapshot, other: plan.tunedConstant },
];
const COMPARISONS = new Map<NamedLoad, readonly Comparison[]>([
  [plan.noBody, OF_INCREMENTS],
  [plan.withBody, OF_INCREMENTS],
  [plan.hit, OF_HITS],
]);
/** Above this share of its one core the generator may be what is measured. */
const MAX_GENERATOR_CORES = 0.85;
/** So it may when it has this much more to do than each thread of the server, however busy the machine is. */
const MAX_GENERATOR_TO_THREAD = 1.25;
/** Below this share of the cores that they could use, something else was using them. */
const MIN_SHARE_OF_MACHINE = 0.8;

/** One per round, by load and subject. */
export type Measured = ReadonlyMap<NamedLoad, ReadonlyMap<Subject, readonly Measurement[]>>;

export const http: Suite = {
  name: 'http',
  summary:
    'POST …/increment of sync-lock, sharded and atomic against bare hono, and of sync-lock against bare node:http too; GET …/cache/{key} of sharded and snapshot, where it is a hit, against a constant route of bare hono',

  async run(options) {
    const generator = await findGenerator();
    await using stack = new AsyncDisposableStack();
    const servers = new Map<Subject, ServerProcess>();
    for (const subject of plan.subjects) {
      options.progress(`starting ${subject.name}`);
      servers.set(subject, stack.use(await startServer(subject.command, subject.settings, options.signal)));
    }
    await compareAnswers(servers, options.signal);
    const failures: string[] = [];
    const measured = await rounds(servers, generator, failures, options);
    return summarize(measured, generator, failures);
  },
};

async function compareAnswers(servers: ReadonlyMap<Subject, ServerProcess>, signal: AbortSignal): Promise<void> {
  const under = (load: NamedLoad) => load.on.map((subject) => ({ subject, url: servers.get(subject)!.url }));
  await requireSameAnswers(under(plan.noBody), incrementProbes, signal);
  for (const { url, subject } of under(plan.hit)) {
    if (subject.shares) await plan.hit.prepare?.(url, subject, signal);
  }
  await requireSameAnswers(under(plan.hit), hitProbes, signal);
}

/** All servers stay up; one at a time is loaded, and whom a ratio compares come right after one another. */
async function rounds(
  servers: ReadonlyMap<Subject, ServerProcess>,
  generator: Generator,
  failures: string[],
  options: SuiteOptions,
): Promise<Measured> {
  const random = seededRandom(options.seed);
  const measured = new Map(
    plan.loads.map((load) => [load, new Map(load.on.map((subject) => [subject, [] as Measurement[]]))]),
  );
  for (let round = 0; round <= options.rounds; round++) {
    const title = round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`;
    for (const load of shuffled(plan.loads, random)) {
      for (const subject of shuffled(load.on, random)) {
        const what = `${title} · ${load.name} · ${subject.name}`;
        options.progress(what);
        const { doubt, measurement } = await measureAndProve(subject, servers.get(subject)!, load, generator, options);
        if (doubt !== undefined) failures.push(`${what}: ${doubt}`);
        if (round > 0) measured.get(load)!.get(subject)!.push(measurement);
        options.progress(`${what}: ${Math.round(measurement.perSecond)}/s`);
      }
    }
  }
  return measured;
}

async function measureAndProve(
  subject: Subject,
  server: ServerProcess,
  load: NamedLoad,
  generator: Generator,
  { seconds, signal }: SuiteOptions,
): Promise<{ measurement: Measurement; doubt: string | undefined }> {
  const { url } = server;
  const { counted } = load;
  const count = async (): Promise<number | undefined> =>
    subject.shares && counted
      ? await settledCount(`${url}${counted.pathOn(subject)}`, counted.field, signal)
      : undefined;
  if (subject.shares) await load.prepare?.(url, subject, signal);
  const before = await count();
  const measurement = await measure(server, { ...load, path: load.pathOn(subject) }, { generator, seconds, signal });
  const after = await count();
  const growth = before === undefined || after === undefined ? undefined : after - before;
  return { measurement, doubt: doubtOf(measurement, growth) };
}

/** Series, ratios and what may be concluded from them. */
export function summarize(
  measured: Measured,
  { name, version }: Pick<Generator, 'name' | 'version'>,
  failures: readonly string[],
): SuiteResult {
  const series = [...measured].flatMap(([load, bySubject]) =>
    [...bySubject].flatMap(([subject, runs]): Series[] => {
      const labels = { load: load.name, subject: subject.name };
      return [
        { ...labels, unit: 'requests/s', values: runs.map((run) => run.perSecond) },
        { ...labels, unit: 'server CPU µs/request', values: runs.map((run) => run.cpuUsPerRequest) },
        { ...labels, unit: 'generator cores', values: runs.map((run) => run.generatorCores) },
        { ...labels, unit: 'server cores', values: runs.map((run) => run.serverCores) },
      ];
    }),
  );
  return {
    setup: {
      generator: `${name} ${version}, 1 thread, ${CONNECTIONS} connections`,
      threads: `${plan.THREADS} per server, one port (reusePort)`,
      services: plan.services.map(({ settings }) => settingsText(settings)).join('; '),
    },
    series,
    ratios: [...COMPARISONS].flatMap(([load, comparisons]) => ratiosUnder(load, comparisons, measured)),
    notes: notesOn(series, name),
    failures,
  };
}

function ratiosUnder(load: NamedLoad, comparisons: readonly Comparison[], measured: Measured): Ratio[] {
  const of = (subject: Subject) => measured.get(load)!.get(subject)!;
  const ratios: Ratio[] = [];
  for (const { own, other, ...goal } of comparisons) {
    const against = `${load.name}: ${own.name} / ${other.name}`;
    ratios.push({ name: against, values: ratiosOf(perSecond(of(own)), perSecond(of(other))), ...goal });
    ratios.push({ name: `${against}, per CPU time`, values: ratiosOf(cpu(of(other)), cpu(of(own))) });
  }
  const floor = `${load.name}: ${plan.syncLock.name} / its own /healthz`;
  const healthz = measured.get(plan.healthz)!.get(plan.syncLock)!;
  return [...ratios, { name: floor, values: ratiosOf(perSecond(of(plan.syncLock)), perSecond(healthz)) }];
}

function settingsText(settings: Subject['settings']): string {
  return Object.entries(settings)
    .map((setting) => setting.join('='))
    .join(' ');
}

function perSecond(runs: readonly Measurement[]): number[] {
  return runs.map((run) => run.perSecond);
}

function cpu(runs: readonly Measurement[]): (number | undefined)[] {
  return runs.map((run) => run.cpuUsPerRequest);
}

function notesOn(series: readonly Series[], generator: string): string[] {
  const mediansOf = (wanted: string) =>
    series.filter(({ unit }) => unit === wanted).map(({ values }) => spreadOf(values)?.median ?? Number.NaN);
  const generatorCores = mediansOf('generator cores');
  const busiest = Math.max(...generatorCores);
  if (Number.isNaN(busiest)) return [`How busy ${generator} was could not be measured here.`];
  const serverCores = mediansOf('server cores');
  const toThread = Math.max(...serverCores.map((cores, index) => (generatorCores[index]! * plan.THREADS) / cores));
  const limits =
    busiest > MAX_GENERATOR_CORES || toThread > MAX_GENERATOR_TO_THREAD
      ? 'IT MAY BE WHAT LIMITS requests/s, which then says little; "per CPU time" still holds'
      : 'it is not what limits the figures';
  const together = serverCores.map((cores, index) => cores + generatorCores[index]!);
  const had = Math.min(...together);
  const wanted = Math.min(plan.THREADS + 1, availableParallelism());
  return [
    `${generator} used at most ${busiest.toFixed(2)} of the one core it can use, ${toThread.toFixed(2)} times a thread of the server: ${limits}.`,
    'It takes its CPU time from the same machine, as much for each server, which draws throughput ratios towards 1; "per CPU time" leaves it out.',
    ...(had < MIN_SHARE_OF_MACHINE * wanted
      ? [
          `Server and generator together had only ${had.toFixed(2)} of ${wanted} cores: other programs were busy, so requests/s are too low. The medians of ratios bear that, their ranges do not.`,
        ]
      : []),
  ];
}
