/** What a refusal costs beside an answer, and an input of size 2n beside one of size n: nothing may cost out of proportion. */
import { randomUUID } from 'node:crypto';
import { seededRandom, shuffled } from '../../load/seeded-random.ts';
import { startServer } from '../http/server-process.ts';
import type { Suite, SuiteOptions, SuiteResult } from '../suite.ts';
import { CostsClient } from './client.ts';
import { inProcess } from './in-process.ts';
import { type Cost, costOf, type Effort, type Pair } from './pair.ts';
import * as plan from './requests.ts';

const EFFORT: Effort = { samples: 15, budgetMs: 200 };
const DAY_MS = 86_400_000;

export const costs: Suite = {
  name: 'costs',
  summary: 'each refusal against a small answer of its route, and inputs of size 2n against n',

  async run(options) {
    await using stack = new AsyncDisposableStack();
    const services = await servicesFor(stack, options);
    const pairs = [...plan.refusals(services), ...(await plan.refusalsWhenFull(services)), ...plan.doubles(services)];
    return summarize(await measured([...pairs, ...inProcess()], options));
  },
};

const capacity = (connections: number): Readonly<Record<string, string>> => ({
  CONNECTIONS_CAPACITY: String(connections),
  COUNTERS_CAPACITY: String(plan.COUNTERS),
});

async function servicesFor(stack: AsyncDisposableStack, options: SuiteOptions): Promise<plan.Services> {
  const { signal } = options;
  const token = randomUUID();
  const start = async (settings: Readonly<Record<string, string>>): Promise<CostsClient> => {
    const own = { PORT: '0', THREADS: '2', CONTROLS: 'on', ADMIN_TOKEN: token, ACCESS_LOG_PER_SECOND: '0' };
    const time = { CONNECTION_TTL_MS: String(DAY_MS), ORIGIN_LATENCY_MS: '0' };
    const server = await startServer(['../../src/main.ts'], { ...own, ...time, ...settings }, signal);
    stack.use(server);
    return stack.use(new CostsClient(server.url));
  };
  options.progress('starting four services');
  const full = await start({ ...capacity(plan.ENTRIES), ORIGIN_MEMORY_MB: '1' });
  const twice = await start(capacity(2 * plan.ENTRIES));
  const ordinary = await start({});
  const emptied = await start({});
  for (const strategy of plan.STRATEGIES) {
    options.progress(`filling the maps of ${strategy}`);
    await full.fill(plan.ENTRIES, (index) => plan.register(strategy, `id-${index}`), signal);
    await twice.fill(2 * plan.ENTRIES, (index) => plan.register(strategy, `id-${index}`), signal);
    await full.fill(plan.COUNTERS, (index) => plan.increment(strategy, `id-${index}`), signal);
    await ordinary.fill(1, () => plan.register(strategy, 'one'), signal);
  }
  await ordinary.fill(1, () => plan.increment('sync-lock', 'hits'), signal);
  return { full, twice, ordinary, emptied, token };
}

/** One cost per pair and round; the first round warms up. */
export async function measured(
  pairs: readonly Pair[],
  options: SuiteOptions,
  effort = EFFORT,
): Promise<ReadonlyMap<Pair, readonly Cost[]>> {
  const { rounds, seed, signal } = options;
  const random = seededRandom(seed);
  const found = new Map(pairs.map((pair) => [pair, [] as Cost[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const pair of shuffled(pairs, random)) {
      signal.throwIfAborted();
      options.progress(`${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`} · ${pair.name}`);
      const cost = await costOf(pair, effort);
      if (round > 0) found.get(pair)!.push(cost);
    }
  }
  return found;
}

export function summarize(found: ReadonlyMap<Pair, readonly Cost[]>): SuiteResult {
  const all = [...found];
  return {
    setup: {
      client: 'one connection, one request at a time; two threads per service',
      samples: `at most ${EFFORT.samples} of each of the two in a round, in turn, for ${EFFORT.budgetMs} ms; their median`,
    },
    series: all.flatMap(([{ name }, costsOfPair]) => [
      { load: name, subject: 'over', unit: 'µs', values: costsOfPair.map(({ overUs }) => overUs) },
      { load: name, subject: 'under', unit: 'µs', values: costsOfPair.map(({ underUs }) => underUs) },
    ]),
    ratios: all.map(([{ name, atMost }, costsOfPair]) => ({
      name,
      atMost,
      values: costsOfPair.map(({ overUs, underUs }) => overUs / underUs),
    })),
    notes: [
      'Times are as the client sees them: the way there and back is in both, so a small ratio says less than a large one.',
      '--seconds has no effect here: a pair takes a fifth of a second in a round.',
    ],
    failures: [],
  };
}
