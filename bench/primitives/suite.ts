/** The primitives on their own, across threads, beside `Atomics.add` and what npm has for the same. */
import { seededRandom, shuffled } from '../../load/seeded-random.ts';
import { ratiosOf, verdictOf } from '../statistics.ts';
import type { Ratio, Series, Suite, SuiteOptions, SuiteResult } from '../suite.ts';
import { Crews, doubtOf, type Measurement } from './crews.ts';
import type { Sizes } from './job.ts';
import { measureTableMemory } from './memory.ts';
import { asks, ASKS_PER_SECOND, comparisons, type Group, groups, MAX_RESIDENT_MIB, type Subject } from './subjects.ts';

const SIZES: Sizes = {
  keys: 50_000,
  keyBytes: 20,
  counters: 1_000_000,
  inFlight: 32,
  documents: 10_000,
  documentBytes: 1_024,
};
const MILLION = 1_000_000;

/** One per round, by subject. */
type Measured = ReadonlyMap<Subject, readonly Measurement[]>;

export const primitives: Suite = primitivesSuite(SIZES);

/** The suite with these sizes; tests run it with small ones. */
export function primitivesSuite(sizes: Sizes): Suite {
  return {
    name: 'primitives',
    summary: 'locks, tables, snapshots, cache hits and asks across threads, against Atomics.add and the peers on npm',

    async run(options) {
      const failures: string[] = [];
      options.progress(`${sizes.counters} counters in memory`);
      const memory = await measureTableMemory(sizes, options.signal);
      const measured = await rounds(sizes, failures, options);
      const resident: Series = {
        subject: 'SharedTable',
        load: `${sizes.counters} counters with keys of ${sizes.keyBytes} bytes`,
        unit: 'MiB resident',
        values: [memory.residentMib],
      };
      const ratios = comparisons.map(({ over, under, goal }) => ratio(over, under, goal, measured));
      return {
        setup: {
          threads: 'piscina, one pool per subject, so that no other code decides how its own is compiled',
          sizes: `${sizes.keys} keys of ${sizes.keyBytes} bytes; ${sizes.inFlight} asks in flight; ${sizes.documents} documents of ${sizes.documentBytes} bytes`,
        },
        series: [...seriesOf(measured), ...timesOf(measured), resident],
        ratios: [
          ...ratios,
          {
            name: `asks: ${asks.name} / ${ASKS_PER_SECOND} a second`,
            values: perSecond(asks, measured).map((value) => value / ASKS_PER_SECOND),
            goal: 1,
          },
          {
            name: `memory: ${MAX_RESIDENT_MIB} MiB / resident of ${sizes.counters} counters`,
            values: [MAX_RESIDENT_MIB / memory.residentMib],
            goal: 1,
          },
        ],
        notes: [
          `The table reserves ${memory.reservedMib.toFixed(0)} MiB, of which the room for keys of more than 32 bytes was never touched.`,
          'Each result is checked: what was counted must be what is stored.',
          'A cache hit of lru-cache hands out the object that it keeps, in the one thread that has it; one from shared memory is a copy.',
          ...whyMissed(ratios),
        ],
        failures,
      } satisfies SuiteResult;
    },
  };
}

/** Subjects whose ratio is taken come right after one another; groups and subjects in an order of their own each round. */
async function rounds(sizes: Sizes, failures: string[], options: SuiteOptions): Promise<Measured> {
  await using crews = new Crews();
  const random = seededRandom(options.seed);
  const all: readonly Group[] = groups;
  const measured = new Map(all.flatMap(({ subjects }) => subjects.map((subject) => [subject, [] as Measurement[]])));
  for (let round = 1; round <= options.rounds; round++) {
    for (const group of shuffled(all, random)) {
      for (const subject of shuffled(group.subjects, random)) {
        const what = `round ${round} of ${options.rounds} · ${group.name} · ${subject.name}`;
        options.progress(what);
        const measurement = await crews.measure(subject, { sizes, seconds: options.seconds, signal: options.signal });
        const doubt = doubtOf(measurement);
        if (doubt !== undefined) failures.push(`${what}: ${doubt}`);
        measured.get(subject)!.push(measurement);
      }
    }
  }
  return measured;
}

function seriesOf(measured: Measured): Series[] {
  const all: readonly Group[] = groups;
  return all.flatMap(({ name: load, subjects }) =>
    subjects.map((subject) => ({
      subject: subject.name,
      load,
      unit: 'M/s',
      values: perSecond(subject, measured).map((value) => value / MILLION),
    })),
  );
}

/** How long the work takes, where one thread does it: parts are told by subtracting these. */
function timesOf(measured: Measured): Series[] {
  const all: readonly Group[] = groups;
  return all.flatMap(({ name: load, subjects }) =>
    subjects
      .filter(({ jobs }) => jobs.length === 1)
      .map((subject) => ({
        subject: subject.name,
        load,
        unit: 'ns each',
        values: perSecond(subject, measured).map((value) => 1e9 / value),
      })),
  );
}

/** One sentence for all goals that are missed for the same reason. */
function whyMissed(ratios: readonly Ratio[]): string[] {
  const missed = comparisons.filter(
    (comparison, index) => comparison.whyMissed && verdictOf(ratios[index]!) === 'missed',
  );
  return [...Map.groupBy(missed, ({ whyMissed: why }) => why)].map(
    ([why, rows]) => `Missed: ${rows.map(({ over, under }) => nameOf(over, under)).join('; ')}. ${why}`,
  );
}

function ratio(over: Subject, under: Subject, goal: number | undefined, measured: Measured): Ratio {
  const values = ratiosOf(perSecond(over, measured), perSecond(under, measured));
  const name = nameOf(over, under);
  return goal === undefined ? { name, values } : { name, values, goal };
}

function nameOf(over: Subject, under: Subject): string {
  return `${groupOf(over)}: ${over.name} / ${under.name}`;
}

function groupOf(subject: Subject): string {
  const all: readonly Group[] = groups;
  return all.find(({ subjects }) => subjects.includes(subject))!.name;
}

function perSecond(subject: Subject, measured: Measured): number[] {
  return measured.get(subject)!.map((measurement) => measurement.perSecond);
}
