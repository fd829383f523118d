/** What `prove/locks.ts` does, section by section. Each yields lines of a table, and what went wrong. */
import { PatchedSource, SMALL_BOUNDS } from '../../test/support/patched-source.ts';
import { Crew } from '../../test/support/crew.ts';
import { Explorer } from '../../test/support/steps/explorer.ts';
import { GO_ON, HOLDING, LOCK_JOBS } from '../../test/sync/lock-jobs.ts';
import { scenarioModules, scenariosOf } from '../../test/sync/scenarios/index.ts';
import { seededBugs } from '../../test/sync/scenarios/seeded-bugs.ts';
import { killKinds } from './kill-kinds.ts';
import { killHolders } from './kills.ts';

export interface ProofPlan {
  readonly seed: number;
  /** Deaths of a holder per kind of lock. */
  readonly kills: number;
  /** Names of the kinds whose holders are killed; all when there are none. */
  readonly kinds?: readonly string[] | undefined;
  /** Time for the stress; the interleavings have `INTERLEAVINGS_SHARE` times as much. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
}

/** Times as long for the interleavings as for the stress. */
const INTERLEAVINGS_SHARE = 5;
/** Random schedules of a scenario. */
const MAX_SEEDS = 20_000;

const KILLS_EXPLAINED = `Worker threads are terminated while they hold something and replaced: before an atomic step that the seed picks, or at any moment; one time in ten another thread dies in the same instant. "Told": asks that ended with the news that their owner is lost. "Lost": acknowledged changes that are gone, and anything else that must not be seen, such as two loads of a key at a time or more permits than there are. Waits: operations of other threads that were under way when a thread died, from their beginning to their end; of mutexes, until they had the lock.`;

export const TITLES = {
  interleavings: 'Interleavings',
  bugs: 'Seeded bugs',
  stress: 'Stress',
  kills: 'Dead owners',
  leaks: 'Leaks',
} as const;

export type Row = Readonly<Record<string, string | number | boolean>>;

export interface Section {
  readonly title: string;
  readonly explanation: string;
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
}

/** Every scenario of the step scheduler, in all interleavings as far as time allows, then by seeds. */
export async function interleavings({ seed, seconds, progress }: ProofPlan): Promise<Section> {
  const all = scenarioModules.flatMap((module) =>
    scenariosOf(module).scenarios.map((scenario) => ({ module, scenario })),
  );
  const rows: Row[] = [];
  const failures: string[] = [];
  const untilMs = performance.now() + seconds * 1_000 * INTERLEAVINGS_SHARE;
  using small = new PatchedSource(SMALL_BOUNDS);
  await using explorer = await Explorer.start();
  for (const [index, { module, scenario }] of all.entries()) {
    progress(`interleavings ${index + 1}/${all.length}: ${module}, ${scenario.name}`);
    await explorer.load(scenario, scenariosOf(module).url, small.href);
    // What is done early leaves its time to the others.
    const maxMs = (untilMs - performance.now()) / (all.length - index);
    const enumerated = await explorer.all(Infinity, maxMs * 0.9);
    const random = await explorer.seeds(seed, MAX_SEEDS, Math.max(maxMs - enumerated.elapsedMs, maxMs * 0.1));
    rows.push({
      primitive: module,
      scenario: scenario.name,
      explored: enumerated.complete ? 'completely' : 'in part',
      states: enumerated.states,
      'interleavings covered': enumerated.complete
        ? enumerated.interleavings.toPrecision(3)
        : `at least ${enumerated.runs}`,
      runs: enumerated.runs,
      'random schedules': random.runs,
      steps: enumerated.steps + random.steps,
    });
    for (const { failure } of [enumerated, random]) {
      if (failure !== undefined) failures.push(`${module}, ${scenario.name}: ${failure.why} (seed ${failure.seed})`);
    }
  }
  const explanation =
    'Real lock code, one atomic step at a time. "Completely": every reachable state was explored, and so were all interleavings that lead through them, as many as the table says. "In part": time ran out; each run was another interleaving. Steps on words that only one thread ever accesses, or that nobody writes, are no points of choice, and threads that do not differ in what they know are in one state; see `test/support/steps/`.';
  return { title: TITLES.interleavings, explanation, rows, failures };
}

/** Each seeded bug must be found, else the section above proves nothing. */
export async function bugsFound({ progress }: ProofPlan): Promise<Section> {
  await using explorer = await Explorer.start();
  const rows: Row[] = [];
  const failures: string[] = [];
  for (const [index, { name, scenarios: module, scenario: scenarioName, patches }] of seededBugs.entries()) {
    progress(`seeded bugs ${index + 1}/${seededBugs.length}: ${name}`);
    const { scenarios, url } = scenariosOf(module);
    const scenario = scenarios.find((candidate) => candidate.name === scenarioName)!;
    using source = new PatchedSource([...SMALL_BOUNDS, ...patches]);
    await explorer.load(scenario, url, source.href);
    const enumerated = await explorer.all(4_000);
    const random = enumerated.failure === undefined ? await explorer.seeds(1, 20_000) : undefined;
    const found = enumerated.failure ?? random?.failure;
    const runs = enumerated.runs + (random?.runs ?? 0);
    rows.push({
      bug: name,
      'found after runs': found === undefined ? 'not found' : runs,
      how: found?.why.split('\n')[0] ?? '',
    });
    if (found === undefined) failures.push(`not found: ${name}`);
  }
  return { title: TITLES.bugs, explanation: 'Each is a patch to a copy of the source.', rows, failures };
}

/** Counts under both mutexes, with and without aborts, on more and more threads. */
export async function stress({ seed, seconds, progress }: ProofPlan): Promise<Section> {
  const rows: Row[] = [];
  const failures: string[] = [];
  const cells = [2, 4, 8].flatMap(
    (threads) =>
      [
        { threads, kind: 'Sync' },
        { threads, kind: 'Async' },
      ] as const,
  );
  for (const { threads, kind } of cells) {
    progress(`stress: ${threads} threads, ${kind}Mutex`);
    const startedMs = performance.now();
    let counted = 0;
    let lost = 0;
    let rounds = 0;
    await using crew = new Crew({ locks: 1 });
    while (performance.now() - startedMs < (seconds * 1_000) / cells.length) {
      const params =
        kind === 'Sync'
          ? { rounds: 200_000 }
          : { rounds: 500, tasks: 8, abortEvery: rounds % 2 === 0 ? 3 : 0, seed: seed + rounds };
      const results = await crew.all(threads, LOCK_JOBS, `count${kind}`, params);
      const expected =
        kind === 'Sync' ? threads * 200_000 : (results as number[]).reduce((sum, count) => sum + count, 0);
      const count = new Float64Array(crew.memory.data);
      lost += Math.abs(expected - count[0]!);
      counted += expected;
      count[0] = 0;
      rounds += 1;
    }
    const states = [...crew.memory.locks.subarray(0, 3)];
    if (lost > 0) failures.push(`${kind}Mutex on ${threads} threads lost ${lost} of ${counted}`);
    if (states.some((word) => word !== 0 && word !== 1))
      failures.push(`${kind}Mutex on ${threads} threads is left ${states.join(' ')}`);
    rows.push({ lock: `${kind}Mutex`, threads, rounds, counted, lost });
  }
  return {
    title: TITLES.stress,
    explanation: 'Increments that only the lock makes safe; every second round aborts a third of its waits.',
    rows,
    failures,
  };
}

/** Threads are killed while they hold a lock, or whatever else of the primitives one can die with. */
export async function kills({ seed, kills: count, kinds, progress }: ProofPlan): Promise<Section> {
  const rows: Row[] = [];
  const failures: string[] = [];
  const chosen = killKinds.filter(({ name }) => kinds === undefined || kinds.includes(name));
  for (const kind of chosen) {
    const startedMs = performance.now();
    const onProgress = (held: number): void => {
      if (held % 50 === 0) progress(`kills: ${kind.name}, ${held} of ${count}`);
    };
    const result = await killHolders({ kind, kills: count, seed: seed + killKinds.indexOf(kind), onProgress });
    const { hangs, lost, torn, problems, heldLocks, heldBesides, repairs, told, waits } = result;
    rows.push({
      'dies with': kind.name,
      threads: kind.threads,
      deaths: result.deaths,
      'while holding': result.heldDeaths,
      'locks held': heldLocks,
      repaired: repairs,
      'held besides': heldBesides === 0 ? '' : `${heldBesides} ${kind.besides}`,
      told,
      operations: result.changes,
      hangs,
      lost,
      'half-written seen': torn,
      waits: waits.count,
      'p50 ms': round(waits.p50Ms),
      'p99 ms': round(waits.p99Ms),
      'max ms': round(waits.maxMs),
      seconds: Math.round((performance.now() - startedMs) / 1_000),
    });
    failures.push(...problems.map((problem) => `${kind.name}: ${problem}`));
    if (hangs + lost + torn > 0) failures.push(`${kind.name}: ${hangs} hangs, ${lost} lost, ${torn} half-written`);
    if (repairs < heldLocks) failures.push(`${kind.name}: ${heldLocks} locks were left, ${repairs} repaired`);
  }
  return { title: TITLES.kills, explanation: KILLS_EXPLAINED, rows, failures };
}

/** A million waits of each kind leave nothing behind. */
export async function leaks({ progress }: ProofPlan): Promise<Section> {
  const waits = 1_000_000;
  progress(`leaks: ${waits} waits that are given up`);
  await using crew = new Crew({ locks: 1 });
  await Promise.all([crew.start(0), crew.start(1)]);
  const { notes } = crew.memory;
  const holder = crew.order(0, LOCK_JOBS, 'holdAsync', { exits: false });
  await Atomics.waitAsync(notes, HOLDING, 0).value;
  const grownBytes = (await crew.order(1, LOCK_JOBS, 'giveUpOften', { rounds: waits })) as number;
  Atomics.store(notes, GO_ON, 1);
  Atomics.notify(notes, GO_ON);
  await holder;
  const rows = [{ waits, 'heap grown kB': Math.round(grownBytes / 1024), 'bytes per wait': round(grownBytes / waits) }];
  const failures = grownBytes / waits > 1 ? [`${grownBytes} bytes are left of ${waits} waits`] : [];
  return {
    title: TITLES.leaks,
    explanation: 'Asynchronous waits that are all aborted, on a lock that another thread holds.',
    rows,
    failures,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
