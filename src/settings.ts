/** Every environment variable that the service reads: unit, default, range. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { strategies } from './strategies/index.ts';
import { MAX_THREADS } from './sync/thread-table.ts';

const known = strategies.map(({ name }) => name);
const compared = strategies.filter(({ kind }) => kind === 'strategy').map(({ name }) => name);
const served = compared.length > 0 ? compared : known; // a baseline that was kept alone

const wholeNumber = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${low} to ${high}`)
    .transform(Number)
    .refine((value) => value >= low && value <= high, `must be a whole number from ${low} to ${high}`);

const integer = (low: number, high: number, fallback: number) => wholeNumber(low, high).default(fallback);

const onOff = z
  .enum(['on', 'off'], 'must be "on" or "off"')
  .transform((value) => value === 'on')
  .default(false);

const onByDefault = z
  .enum(['on', 'off'], 'must be "on" or "off"')
  .transform((value) => value === 'on')
  .default(true);

const strategyList = z
  .string()
  .transform((list) => list.split(',').map((name) => name.trim()))
  .refine((names) => names.every((name) => known.includes(name)), `must list some of ${known.join(', ')}`)
  .default(served);

/** Origins as browsers send them: scheme, host, port, nothing else. */
const originList = z
  .string()
  .transform((list) => list.split(',').map((origin) => origin.trim()))
  .refine(
    (origins) => origins.every((origin) => URL.parse(origin)?.origin === origin),
    'must list origins such as https://example.org',
  )
  .default([]);

const redisUrl = z.string().refine(isRedisUrl, 'must be redis://host:port/db, rediss://… or the path of a Unix socket');

/** Options in the query are refused: they would undo those that keep writes safe. */
function isRedisUrl(text: string): boolean {
  if (/^\/[^/?][^?]*$/.test(text)) return true;
  const { protocol, hostname, pathname, search, hash } = URL.parse(text) ?? {};
  return (
    (protocol === 'redis:' || protocol === 'rediss:') &&
    hostname !== '' &&
    /^\/?\d*$/.test(pathname!) &&
    !search &&
    !hash
  );
}

/** Not to be printed: they are, or hold, a password. */
const SECRETS: ReadonlySet<string> = new Set(['ADMIN_TOKEN', 'REDIS_URL']);

/** One position is the owner thread's. */
const MAX_HTTP_THREADS = MAX_THREADS - 1;

/** One where no strategy shares with another thread. */
const usualThreads = strategies.every(({ threads }) => threads === 1)
  ? 1
  : Math.max(2, Math.min(availableParallelism(), MAX_HTTP_THREADS));

const DAY_MS = 86_400_000;
const MAX_SOCKETS = 2 ** 20;

const schema = z.object({
  HOST: z.string().min(1, 'must not be empty').default('127.0.0.1'),
  PORT: integer(0, 65_535, 3000),
  THREADS: integer(1, MAX_HTTP_THREADS, usualThreads),
  STRATEGIES: strategyList,
  CONTROLS: onOff,
  ADMIN_TOKEN: z.string().min(1, 'must not be empty').optional(),
  REDIS_URL: redisUrl.optional(),
  /** Every key in Redis begins with it; one service process at a time may use it. */
  REDIS_NAMESPACE: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"')
    .default('shared-state'),
  ORIGIN_LATENCY_MS: integer(0, 60_000, 5),
  /** Each delay differs from the latency by at most this; drawn from `ORIGIN_SEED`. */
  ORIGIN_JITTER_MS: integer(0, 60_000, 0),
  ORIGIN_SEED: integer(0, 2 ** 31 - 1, 1),
  ORIGIN_TIMEOUT_MS: integer(1, 600_000, 1000),
  /** Documents that the origin starts with: `doc-0`, `doc-1`, …; the same for every strategy. */
  ORIGIN_DOCUMENTS: integer(0, 1_000_000, 10_000),
  /** Most that documents stored at the embedded origin may take, over all strategies, in MiB. */
  ORIGIN_MEMORY_MB: integer(1, 16_384, 256),
  WRITE_THROUGH: onOff,
  MAILBOX_CAPACITY: integer(1, 2 ** 20, 1024),
  /** Longest wait for room in a mailbox. */
  MAILBOX_WAIT_MS: integer(0, 600_000, 100),
  SHARDS: integer(1, 1024, 64),
  LOCK_TIMEOUT_MS: integer(1, 600_000, 2000),
  /** Requests of one thread that may wait for one asynchronous lock; more are refused as `OVERLOADED`. */
  MAX_WAITING: integer(1, 2 ** 20, 4096),
  /** Requests of one thread that may wait for anything at a time; more are refused at once as `OVERLOADED`. */
  MAX_CONCURRENT_REQUESTS: integer(1, 2 ** 20, 4096),
  /** Connections of one thread that may be open at a time. Not set: what the limit of open files leaves; see `connectionLimit`. */
  MAX_CONNECTIONS: wholeNumber(1, MAX_SOCKETS).optional(),
  /** Bodies of one thread's requests that came in and are not answered yet, in MiB. */
  MAX_BODY_MEMORY_MB: integer(1, 4096, 32),
  /** A shorter wait for each other is no overload, nor is one of a burst; 0: any wait is right. */
  MAX_STANDING_WAIT_MS: integer(0, 60_000, 0),
  REQUEST_TIMEOUT_MS: integer(1, 600_000, 5000),
  HOLD_US: integer(0, 1_000_000, 0),
  COUNTERS_CAPACITY: integer(1, 2 ** 24, 65_536),
  CONNECTIONS_CAPACITY: integer(1, 2 ** 24, 65_536),
  CONNECTIONS_MEMORY_MB: integer(1, 1024, 32),
  CONNECTION_TTL_MS: integer(1, DAY_MS, 30_000),
  ALLOWED_ORIGINS: originList,
  /** Keys and values with what keeping them costs, per strategy, in MiB. */
  CACHE_MEMORY_MB: integer(1, 1024, 32),
  CACHE_TTL_MS: integer(1, DAY_MS, 30_000),
  /** Where a document becomes a page: in a worker of the thread's pool, or on its event loop. */
  RENDER: z.enum(['pool', 'inline'], 'must be "pool" or "inline"').default('pool'),
  SHUTDOWN_TIMEOUT_MS: integer(1, DAY_MS, 10_000),
  SERVER_TIMING: onOff,
  /** Whether requests are counted and `/metrics` is there. */
  METRICS: onByDefault,
  /** Lines of a thread per second about requests, and as many about failed and slow ones; 0: none. At level debug, all. */
  ACCESS_LOG_PER_SECOND: integer(0, 1_000_000, 100),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** The environment variables. */
export const settingNames: readonly string[] = Object.keys(schema.shape);

/** The names are those of the environment variables; numbers carry the unit in the name. Plain data: threads get a copy. */
export type Settings = z.output<typeof schema>;

/** Some environment variables are wrong; `mistakes` names each of them. */
export class SettingsError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'SettingsError';
    this.mistakes = mistakes;
  }
}

/**
 * Reads the settings, all mistakes at once. An empty variable counts as not set.
 *
 * @throws {SettingsError} some are wrong or do not go together
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    settingNames.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const parsed = schema.safeParse(given);
  const mistakes = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map(({ path, message }) => {
        const name = String(path[0]);
        return `${name}: ${message}, not ${JSON.stringify(SECRETS.has(name) ? '…' : given[name])}`;
      });
  if (!parsed.success || mistakes.length > 0) throw new SettingsError(mistakes);
  return parsed.data;
}

function contradictions(settings: Settings): string[] {
  const mistakes: string[] = [];
  for (const name of settings.STRATEGIES) {
    const strategy = strategies.find((candidate) => candidate.name === name);
    if (strategy?.threads === 1 && settings.THREADS !== 1) {
      mistakes.push(
        `STRATEGIES: "${name}" shares nothing between threads and needs THREADS=1, not ${settings.THREADS}`,
      );
    }
    if (strategy?.needs === 'redis' && settings.REDIS_URL === undefined) {
      mistakes.push(`STRATEGIES: ${name} needs REDIS_URL`);
    }
  }
  return mistakes;
}
