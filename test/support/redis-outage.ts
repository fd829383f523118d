/**
 * The whole service while its Redis is in trouble: every strategy is written to through HTTP, and what needs no Redis is
 * asked for meanwhile. In the end, with Redis stopped, the service is killed; it is started again on what Redis has, and
 * goes on counting. Then the answers of each counter and each config must be one sequence in which nothing is missing and
 * nothing twice.
 */
import { Client } from 'undici';
import { seededRandom } from '../../src/random.ts';
import { strategies } from '../../src/strategies/index.ts';
import { Tally } from './fault-writer.ts';
import { checkIncrements } from './increment-order.ts';
import type { Verdict } from './linearizability.ts';
import { configTarget, counterTarget, OutageWriter, Probe, type Target } from './outage-clients.ts';
import { type Disturbance, RedisTrouble } from './redis-trouble.ts';
import { startServiceUnderTest } from './service.ts';

export interface OutageOptions {
  readonly seed: number;
  readonly rounds: number;
  /** What happens in each round; drawn where it says nothing. */
  readonly disturbances?: readonly Disturbance[];
  /** Longer deadlines, of Redis and of requests, for a machine that may be too busy to answer anything in time. */
  readonly originTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly onRound?: (round: number, disturbance: Disturbance, tally: Tally) => void;
}

export interface OutageRun {
  /** By counter and config: whether its history can be explained. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly tally: Tally;
  readonly rounds: Readonly<Record<Disturbance, number>>;
  readonly probes: readonly Probe[];
  /** The longest that an answer took to a write, by counter and config. */
  readonly slowestMs: ReadonlyMap<string, number>;
  readonly elapsedMs: number;
}

/** Where answers came later than the deadline of a request and what the slowest answer that waits for nothing took. */
export function lateTargets({ slowestMs, probes }: Pick<OutageRun, 'slowestMs' | 'probes'>): string[] {
  const [healthz] = probes;
  const schedulingMs = healthz!.disturbedMs.concat(healthz!.undisturbedMs).reduce((most, ms) => Math.max(most, ms), 0);
  return [...slowestMs].flatMap(([name, ms]) => (ms > REQUEST_TIMEOUT_MS + schedulingMs ? [name] : []));
}

/** No wait for Redis is longer, and no request. */
export const ORIGIN_TIMEOUT_MS = 250;
export const REQUEST_TIMEOUT_MS = 1_000;

/** Two clients per counter, so that they meet. */
const CLIENTS = 2;
/** Acknowledgements of every writer that end a round. */
const RECOVERED = 2;
const AFTER_RESTART = 3;

/** A deviation by their own account: what is not stored is not shown, so readers wait where a write does. */
const readsWaitForTheStore: ReadonlySet<string> = new Set(['async-lock']);

const written = strategies.filter(({ kind, needs }) => kind === 'strategy' || needs === 'redis');

export async function runRedisOutage(options: OutageOptions): Promise<OutageRun> {
  const { seed, rounds, originTimeoutMs = ORIGIN_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS, onRound } = options;
  const startedMs = performance.now();
  const tally = new Tally();
  const targets = targetsOf();
  const writers = targets.flatMap((target) => Array.from({ length: CLIENTS }, (_, at) => new OutageWriter(target, at)));
  await using trouble = await RedisTrouble.start({
    random: seededRandom(seed),
    tally,
    writers: writers.length,
    heldMs: 1.5 * originTimeoutMs,
  });
  const settings = settingsFor(trouble.proxy.url, originTimeoutMs, requestTimeoutMs);
  await using service = await startServiceUnderTest({ ...settings, WRITE_THROUGH: 'on', REDIS_NAMESPACE: 'through' });
  await using memory = await startServiceUnderTest({ ...settings, REDIS_NAMESPACE: 'memory' });
  const probes = probesOf(service.url, memory.url);
  const recovered = async (): Promise<void> => {
    const enough = writers.map(({ acknowledged }) => acknowledged + RECOVERED);
    await tally.until(() => writers.every(({ acknowledged }, at) => acknowledged >= enough[at]!));
  };

  const stop = new AbortController();
  const writing = Promise.all(writers.map((writer) => writer.run(service.url, tally, stop.signal)));
  await Promise.race([recovered(), writing]); // a client that fails ends the run
  // What they read is there by now.
  const stopped = Promise.all([writing, ...probes.map((probe) => probe.run(() => trouble.isUnderWay, stop.signal))]);
  for (let round = 1; round <= rounds; round++) {
    const disturbance = options.disturbances?.[round - 1] ?? trouble.draw();
    onRound?.(round, disturbance, tally);
    await Promise.race([trouble.disturb(disturbance).then(recovered), stopped]);
  }
  // What was acknowledged although Redis could not store it would be lost here.
  await trouble.whilePaused(async () => {
    stop.abort();
    await stopped;
    process.kill(service.pid, 'SIGKILL');
    await service.stop();
  });
  await using successor = await startServiceUnderTest({ ...settings, WRITE_THROUGH: 'on', REDIS_NAMESPACE: 'through' });
  await goOn(successor.url, writers);
  const histories = Map.groupBy(writers, ({ target }) => target);
  return {
    verdicts: new Map([...histories].map(([target, of]) => [target.name, verdictOf(target, of)])),
    tally,
    rounds: trouble.counted,
    probes,
    slowestMs: new Map([...histories].map(([{ name }, of]) => [name, Math.max(...of.map((one) => one.slowestMs))])),
    elapsedMs: performance.now() - startedMs,
  };
}

function settingsFor(url: string, originTimeoutMs: number, requestTimeoutMs: number) {
  return {
    STRATEGIES: written.map(({ name }) => name).join(','),
    THREADS: '2',
    REDIS_URL: url,
    ORIGIN_LATENCY_MS: '0',
    ORIGIN_DOCUMENTS: '0',
    ORIGIN_TIMEOUT_MS: String(originTimeoutMs),
    REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
    LOG_LEVEL: 'error',
  };
}

function targetsOf(): Target[] {
  return written.flatMap(({ name, cells }) => [
    counterTarget(name, 'hits'),
    ...('unsupported' in cells.config ? [] : [configTarget(name)]),
  ]);
}

/** What needs no Redis: reads of memory that was written through, and writes of a service without write-through. */
function probesOf(url: string, memoryUrl: string): Probe[] {
  const inMemory = written.filter(({ needs }) => needs === undefined);
  const read = (strategy: string, path: string) => {
    const waits = readsWaitForTheStore.has(strategy);
    return new Probe(`GET ${strategy}/${path}`, url, { method: 'GET', path: `/v1/${strategy}/${path}` }, !waits);
  };
  return [
    new Probe('GET /healthz', url, { method: 'GET', path: '/healthz' }),
    ...inMemory.flatMap(({ name }) => [read(name, 'counters/hits'), read(name, 'config')]),
    ...inMemory.map(
      ({ name }) =>
        new Probe(`POST ${name}, WRITE_THROUGH=off`, memoryUrl, {
          method: 'POST',
          path: `/v1/${name}/counters/hits/increment`,
        }),
    ),
  ];
}

/** Writes on in a new process: a number lost in between would come again. */
async function goOn(url: string, writers: readonly OutageWriter[]): Promise<void> {
  const connection = new Client(url);
  for (const writer of writers) {
    const enough = writer.acknowledged + AFTER_RESTART;
    while (writer.acknowledged < enough) await writer.write(connection);
  }
  await connection.close();
}

function verdictOf({ startsAt }: Target, writers: readonly OutageWriter[]): Verdict {
  return checkIncrements(
    writers.flatMap(({ history }) => history),
    startsAt,
  );
}
