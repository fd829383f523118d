/** Who makes the transactions, and on what. */
import { ConnectionPool } from '../../examples/transaction-on-a-pool.ts';
import { connect, GuardedConnection, transact, type Updated } from '../../examples/transaction-on-one-connection.ts';
import { LocalThreads } from '../../test/support/local-threads.ts';

/** Tasks of one event loop that make transactions, one after another each. */
export const TASKS = 64;

export type Update = (key: string, change: (value: number) => number) => Promise<Updated>;

export interface Subject {
  readonly name: string;
  /** What must not lose updates; the other must. */
  readonly guarded: boolean;
  /** Opens its connections to a Redis; `opened` closes them. */
  open(url: string, opened: DisposableStack): Update;
}

function connectFor(url: string, opened: DisposableStack) {
  return opened.adopt(connect(url), (redis) => redis.disconnect());
}

export const mutex: Subject = {
  name: '1 connection, async mutex',
  guarded: true,
  open(url, opened) {
    const threads = opened.use(new LocalThreads());
    const asyncMutex = threads.asyncMutex(0, { maxWaiting: TASKS, timeoutMs: 10_000 });
    const connection = new GuardedConnection(connectFor(url, opened), asyncMutex);
    return (key, change) => connection.update(key, change);
  },
};

function poolOf(size: number): Subject {
  return {
    name: `pool of ${size}`,
    guarded: true,
    open(url, opened) {
      const pool = new ConnectionPool(Array.from({ length: size }, () => connectFor(url, opened)));
      return (key, change) => pool.update(key, change);
    },
  };
}

export const pools: readonly Subject[] = [2, 4, 8].map(poolOf);

/** The control. */
export const unguarded: Subject = {
  name: '1 connection, no guard',
  guarded: false,
  open(url, opened) {
    const redis = connectFor(url, opened);
    return (key, change) => transact(redis, key, change);
  },
};

export const subjects: readonly Subject[] = [mutex, ...pools, unguarded];

export interface Load {
  readonly name: string;
  /** How much further away Redis is than the other end of a socket, in milliseconds. */
  readonly distanceMs: number;
  /** Counters that the transactions are spread over. */
  readonly keys: number;
}

export const loads: readonly Load[] = [0, 1].flatMap((distanceMs) => {
  const where = distanceMs === 0 ? 'beside' : `${distanceMs} ms away`;
  return [
    { name: `${where}, 1,000 keys`, distanceMs, keys: 1_000 },
    { name: `${where}, one key`, distanceMs, keys: 1 },
  ];
});
