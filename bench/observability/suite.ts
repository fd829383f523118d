/** What it costs to be watched: the same increments with metrics and logs as they are by default, with a line about every request, and without. */
import { seededRandom, shuffled } from '../../load/seeded-random.ts';
import { CONNECTIONS, findGenerator, type Generator } from '../../load/cheap-generator.ts';
import { doubtOf, measure, type Measurement, settledCount } from '../http/measure.ts';
import { type ServerProcess, startServer } from '../http/server-process.ts';
import { counterOn, noBody, type Subject, syncLock, THREADS, withBody } from '../http/subjects.ts';
import { ratiosOf } from '../statistics.ts';
import type { Ratio, Series, Suite, SuiteOptions, SuiteResult } from '../suite.ts';

const SCRAPE_EVERY_MS = 1_000;

function watched(name: string, settings: Subject['settings']): Subject {
  return { ...syncLock, name, settings: { ...syncLock.settings, ...settings } };
}

export const off = watched('off', { METRICS: 'off', LOG_LEVEL: 'silent' });
export const on = watched('metrics, scraped, and logs', { METRICS: 'on', LOG_LEVEL: 'info' });
export const debug = watched('the same, with a line about every request', { METRICS: 'on', LOG_LEVEL: 'debug' });
export const subjects: readonly Subject[] = [off, on, debug];
export const loads = [noBody, withBody];
type Load = (typeof loads)[number];

/** The share of throughput that must be left. */
const GOAL = 0.9;

/** One per round, by load and subject. */
export type Measured = ReadonlyMap<Load, ReadonlyMap<Subject, readonly Measurement[]>>;

export const observability: Suite = {
  name: 'observability',
  summary: 'POST …/increment of sync-lock with metrics and logging against the same without',

  async run(options) {
    const generator = await findGenerator();
    await using stack = new AsyncDisposableStack();
    const servers = new Map<Subject, ServerProcess>();
    for (const subject of subjects) {
      options.progress(`starting ${subject.name}`);
      servers.set(subject, stack.use(await startServer(subject.command, subject.settings, options.signal)));
    }
    const failures: string[] = [];
    return summarize(await rounds(servers, generator, failures, options), generator, failures);
  },
};

async function rounds(
  servers: ReadonlyMap<Subject, ServerProcess>,
  generator: Generator,
  failures: string[],
  options: SuiteOptions,
): Promise<Measured> {
  const random = seededRandom(options.seed);
  const measured = new Map(loads.map((load) => [load, new Map(subjects.map((one) => [one, [] as Measurement[]]))]));
  for (let round = 0; round <= options.rounds; round++) {
    const title = round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`;
    for (const load of shuffled(loads, random)) {
      for (const subject of shuffled(subjects, random)) {
        const what = `${title} · ${load.name} · ${subject.name}`;
        options.progress(what);
        const server = servers.get(subject)!;
        const counter = `${server.url}${counterOn(subject)}`;
        const before = round === 0 ? 0 : await settledCount(counter, 'value', options.signal);
        const measurement = await scraped(server, subject !== off, () =>
          measure(server, { ...load, path: load.pathOn(subject) }, { generator, ...options }),
        );
        const growth = (await settledCount(counter, 'value', options.signal)) - before;
        const doubt = doubtOf(measurement, round === 0 ? undefined : growth);
        if (doubt !== undefined) failures.push(`${what}: ${doubt}`);
        if (round > 0) measured.get(load)!.get(subject)!.push(measurement);
      }
    }
  }
  return measured;
}

/** Runs `work` while somebody scrapes, as Prometheus would, but more often. */
async function scraped<T>(server: ServerProcess, scrapes: boolean, work: () => Promise<T>): Promise<T> {
  if (!scrapes) return work();
  const scrape = (): void =>
    void fetch(`${server.url}/metrics`)
      .then((response) => response.text())
      .catch(() => {});
  const timer = setInterval(scrape, SCRAPE_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Series, and what is left of the throughput. */
export function summarize(
  measured: Measured,
  { name, version }: Pick<Generator, 'name' | 'version'>,
  failures: readonly string[],
): SuiteResult {
  return {
    setup: {
      generator: `${name} ${version}, 1 thread, ${CONNECTIONS} connections`,
      threads: `${THREADS} per server, one port (reusePort)`,
      scrapes: `GET /metrics every ${SCRAPE_EVERY_MS} ms`,
    },
    series: [...measured].flatMap(([load, bySubject]) =>
      [...bySubject].flatMap(([subject, runs]): Series[] => [
        series(
          load,
          subject,
          'requests/s',
          runs.map((run) => run.perSecond),
        ),
        series(
          load,
          subject,
          'server CPU µs/request',
          runs.map((run) => run.cpuUsPerRequest),
        ),
      ]),
    ),
    ratios: [...measured].flatMap(([load, bySubject]) => [
      ...ratiosUnder(load, on, bySubject, { goal: GOAL }),
      ...ratiosUnder(load, debug, bySubject, {}),
    ]),
    notes: [
      'Logs are as by default: each thread writes ACCESS_LOG_PER_SECOND lines a second about requests, with id, thread, route, strategy and duration, and leaves out the rest.',
      'A line about every request (LOG_LEVEL=debug) is shown for what it would cost; the bench reads the lines, on the same machine.',
    ],
    failures,
  };
}

function series({ name: load }: Load, { name: subject }: Subject, unit: string, values: Series['values']): Series {
  return { load, subject, unit, values };
}

const perSecond = (runs: readonly Measurement[]): number[] => runs.map((run) => run.perSecond);
const cpu = (runs: readonly Measurement[]): (number | undefined)[] => runs.map((run) => run.cpuUsPerRequest);

/** Of throughput, and of CPU time, which the generator's own share of the machine does not blur. */
function ratiosUnder(
  load: Load,
  subject: Subject,
  bySubject: ReadonlyMap<Subject, readonly Measurement[]>,
  goal: { readonly goal?: number },
): Ratio[] {
  const [own, without] = [bySubject.get(subject)!, bySubject.get(off)!];
  const name = `${load.name}: ${subject.name} / off`;
  return [
    { name, values: ratiosOf(perSecond(own), perSecond(without)), ...goal },
    { name: `${name}, per CPU time`, values: ratiosOf(cpu(without), cpu(own)), ...goal },
  ];
}
